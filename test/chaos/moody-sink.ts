import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@tidemark/core";
import { idOffsets, readId } from "../lib/payload.ts";
import { listen, readAll } from "../lib/server-io.ts";
import type { Books } from "./books.ts";

/**
 * What a back end does with a request:
 * - `healthy`, `slow` (50 to 500 ms): takes it;
 * - `throttling` (429), `unavailable` (503): not now; `rejecting` (400) and `erring` (500; INTERNAL over gRPC): never, as OTLP says;
 * - `resetting`: takes it, and ends the connection instead of answering; `hanging`: takes it and says nothing;
 * - `down`: ends the connection before it has read anything.
 */
export type Mood = "healthy" | "slow" | "throttling" | "unavailable" | "rejecting" | "erring" | "resetting" | "hanging" | "down";

/** A back end in this process, over HTTP and gRPC, whose mood can be changed at any time. */
export interface MoodySink {
  readonly http: string;
  readonly grpc: string;
  /** Asked for each request. */
  mood: () => Mood;
  readonly requests: number;
  /** When the first request was taken since the mood was last set, and the last one, by `performance.now`. */
  readonly taken: { readonly first: number; readonly last: number };
  /** Items of the requests that were here at `since` or came later, by `performance.now`; asked for at most a few seconds later. */
  itemsSince(since: number): number;
  close(): Promise<void>;
}

/** An answer later than this may come after the exporter has given up waiting: nobody can say whether it was seen. */
const SURELY_SEEN_MS = 1000;
/** So long a connection has to last after an answer. */
const SETTLED_MS = 20;
/** How long it is remembered when requests were here. */
const REMEMBERED_MS = 10_000;
const GRPC_PREFIX = 5;
const SLOW_MS = { least: 50, more: 450 };
/** google.rpc.Status with code 8 and RetryInfo of 100 ms. */
const RETRY_INFO = statusWithRetryInfo();

interface Answer {
  readonly http: number;
  readonly grpc: number;
  /** Nobody may come again with the same request. */
  readonly isFinal?: boolean;
}

const ANSWERS: Readonly<Partial<Record<Mood, Answer>>> = {
  throttling: { http: 429, grpc: 8 },
  unavailable: { http: 503, grpc: 14 },
  rejecting: { http: 400, grpc: 3, isFinal: true },
  erring: { http: 500, grpc: 13, isFinal: true },
};
const TAKEN: Answer = { http: 200, grpc: 0 };

/** Starts a back end that notes in `books` what arrives, and what it has answered. */
export async function startMoodySink(books: Books, random: Random): Promise<MoodySink> {
  const desk = new Desk(books, random);
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => void desk.http(request, response).catch(() => response.destroy()));
  const grpc = createHttp2Server({ settings: { initialWindowSize: 1 << 20 } });
  grpc.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {});
    void desk.grpc(stream, headers).catch(() => stream.destroy());
  });
  grpc.on("sessionError", () => {});
  for (const server of [http, grpc]) {
    server.on("connection", (socket: Socket) => {
      if (desk.mood() === "down") return void socket.destroy();
      sockets.add(socket.on("close", () => sockets.delete(socket)));
    });
  }
  const address = async (server: Server): Promise<string> => `http://127.0.0.1:${await listen(server)}`;
  const [httpAddress, grpcAddress] = [await address(http), await address(grpc)];
  return {
    http: httpAddress,
    grpc: grpcAddress,
    get mood() {
      return desk.mood;
    },
    set mood(mood) {
      desk.mood = mood;
      desk.taken.first = Number.NaN;
      if (mood() === "down") for (const socket of sockets) socket.destroy();
    },
    get requests() {
      return desk.requests;
    },
    taken: desk.taken,
    itemsSince: (since) => desk.itemsSince(since),
    close: async () => {
      const closed = [http, grpc].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** A request from its arrival to the end of its answer. */
interface Visit {
  items: number;
  endedAt: number;
}

class Desk {
  /** In the order of their arrival. */
  #visits: Visit[] = [];
  mood: () => Mood = () => "healthy";
  requests = 0;
  readonly taken = { first: Number.NaN, last: Number.NaN };
  readonly #books: Books;
  readonly #random: Random;

  constructor(books: Books, random: Random) {
    this.#books = books;
    this.#random = random;
  }

  async http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cameAt = performance.now();
    const body = await readAll(request);
    const mood = this.mood();
    if (mood === "down") return void request.socket.destroy();
    const visit = this.#visit();
    response.on("close", () => (visit.endedAt = performance.now()));
    const answer = await this.#take(body, mood, visit);
    if (answer === undefined) {
      if (mood === "resetting") request.socket.destroy();
      return;
    }
    response.writeHead(answer.http, {
      "content-type": "application/x-protobuf",
      ...(answer.http === 429 ? { "retry-after": "1" } : {}),
    });
    if (answer === TAKEN) response.on("finish", () => this.#answered(body, cameAt, request.socket));
    response.end();
  }

  async grpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const cameAt = performance.now();
    const body = (await readAll(stream)).subarray(GRPC_PREFIX);
    const mood = this.mood();
    if (headers[":method"] !== "POST" || mood === "down") {
      stream.session?.destroy();
      return;
    }
    const visit = this.#visit();
    stream.on("close", () => (visit.endedAt = performance.now()));
    const answer = await this.#take(body, mood, visit);
    if (answer === undefined) {
      if (mood === "resetting") stream.session?.destroy();
      return;
    }
    if (stream.destroyed) return;
    const head = { ":status": 200, "content-type": "application/grpc" };
    if (answer !== TAKEN) {
      const details = answer.grpc === 8 ? { "grpc-status-details-bin": RETRY_INFO } : {};
      return stream.respond({ ...head, "grpc-status": String(answer.grpc), ...details }, { endStream: true });
    }
    stream.respond(head, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("close", () => {
      if (stream.rstCode === 0 && !stream.aborted) this.#answered(body, cameAt, stream.session ?? { destroyed: true });
    });
    stream.end(Buffer.alloc(GRPC_PREFIX));
  }

  itemsSince(since: number): number {
    return this.#visits.reduce((sum, { items, endedAt }) => (endedAt >= since ? sum + items : sum), 0);
  }

  #visit(): Visit {
    const visit = { items: 0, endedAt: Number.POSITIVE_INFINITY };
    const oldest = performance.now() - REMEMBERED_MS;
    if (this.#visits.length % 1000 === 999) this.#visits = this.#visits.filter(({ endedAt }) => endedAt >= oldest);
    this.#visits.push(visit);
    return visit;
  }

  async #take(body: Buffer, mood: Mood, visit: Visit): Promise<Answer | undefined> {
    this.requests += 1;
    const refusal = ANSWERS[mood];
    if (refusal?.isFinal === true) eachId(body, (sender, sequence) => this.#books.rejected(sender, sequence));
    if (refusal !== undefined) return refusal;
    this.taken.last = performance.now();
    if (Number.isNaN(this.taken.first)) this.taken.first = this.taken.last;
    eachId(body, (sender, sequence) => {
      visit.items += 1;
      this.#books.arrived(sender, sequence);
    });
    if (mood === "resetting" || mood === "hanging") return undefined;
    if (mood === "slow") await sleep(SLOW_MS.least + this.#random() * SLOW_MS.more);
    return TAKEN;
  }

  /** A connection that ends just after an answer may take it along. */
  #answered(body: Buffer, cameAt: number, connection: { readonly destroyed: boolean }): void {
    const now = performance.now();
    if (now - cameAt >= SURELY_SEEN_MS) return;
    setTimeout(() => {
      if (!connection.destroyed) eachId(body, (sender, sequence) => this.#books.answered(sender, sequence, now));
    }, SETTLED_MS);
  }
}

function eachId(body: Buffer, visit: (sender: number, sequence: number) => void): void {
  for (const offset of idOffsets(body)) {
    const { sender, sequence } = readId(body, offset);
    visit(sender, sequence);
  }
}

function statusWithRetryInfo(): string {
  const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const nanos = Buffer.from([0x10, 0x80, 0xc2, 0xd7, 0x2f]); // Duration.nanos = 100,000,000
  const any = Buffer.concat([field(1, Buffer.from("type.googleapis.com/google.rpc.RetryInfo")), field(2, field(1, nanos))]);
  return Buffer.concat([Buffer.from([0x08, 8]), field(3, any)]).toString("base64");
}
