import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { openBatch } from "@tidemark/otlp";
import type { Delivery } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { decodeDeliver, encodeFrame, encodeJsonFrame, encodeOutcome, encodeTurnedAway, FRAME } from "./exchange-frame.ts";
import { FrameReader, type FrameHandler } from "./frame-reader.ts";

const RETRY_AFTER_MS = 500;

/** What a worker does with what others send. */
export interface PeerRequests {
  /** Undefined when the node is not there, or not yet. */
  entry(node: string): ((delivery: Delivery) => void) | undefined;
  /** The answer to a question, as JSON. */
  answer(question: unknown): unknown;
}

/** Bytes of parts from other workers that are not settled yet. */
class ReceivedBytes {
  readonly #capacity: number;
  #used = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A single part always fits, however large it is. */
  tryTake(bytes: number): boolean {
    if (this.#used > 0 && this.#used + bytes > this.#capacity) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** Where the other workers of the collector send what this one owns. */
export class PeerServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(requests: PeerRequests, maxBytes: number, log: Logger) {
    const budget = new ReceivedBytes(maxBytes);
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      serve(socket, requests, budget, log);
    });
  }

  /** Listens on a Unix socket; what a dead predecessor left there is removed. */
  listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      // `exclusive`: not through the supervisor, which would hand connections to any worker.
      this.#server.listen({ path, exclusive: true }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

function serve(socket: Socket, requests: PeerRequests, budget: ReceivedBytes, log: Logger): void {
  const connection = new PeerConnection(socket, requests, budget);
  const reader = new FrameReader(connection);
  socket.on("close", () => connection.ended());
  socket.on("data", (chunk) => {
    try {
      reader.push(chunk);
    } catch (caught) {
      log.error("A frame from another worker could not be read; the connection is closed.", { error: String(caught) });
      socket.destroy();
    }
  });
  // The other worker ended, which the supervisor reports.
  socket.on("error", () => {});
}

class PeerConnection implements FrameHandler {
  readonly #socket: Socket;
  readonly #requests: PeerRequests;
  readonly #budget: ReceivedBytes;
  /** Bytes of the budget that no settlement gives back: those of a part that is still coming in. */
  #arriving = 0;

  constructor(socket: Socket, requests: PeerRequests, budget: ReceivedBytes) {
    this.#socket = socket;
    this.#requests = requests;
    this.#budget = budget;
  }

  accepts(kind: number, id: number, bodyBytes: number): boolean {
    if (kind !== FRAME.deliver) return true;
    if (this.#budget.tryTake(bodyBytes)) {
      this.#arriving = bodyBytes;
      return true;
    }
    this.#write(encodeTurnedAway(id, PipelineError.exhausted("too much from other workers is not settled yet", RETRY_AFTER_MS)));
    return false;
  }

  frame(kind: number, id: number, body: Buffer): void {
    if (kind === FRAME.ping) this.#write(encodeFrame(FRAME.pong, id));
    else if (kind === FRAME.ask) this.#write(encodeJsonFrame(FRAME.reply, id, this.#requests.answer(JSON.parse(body.toString()))));
    else if (kind === FRAME.deliver) this.#deliver(id, body);
    else throw new RangeError(`unknown kind of frame ${kind}`);
  }

  /** The other worker has ended, or sent what cannot be read. */
  ended(): void {
    this.#budget.give(this.#arriving);
    this.#arriving = 0;
  }

  #deliver(id: number, body: Buffer): void {
    const size = body.length;
    const { head, bytes } = decodeDeliver(body);
    // The worker that sent it checked every byte when it came in.
    const batch = openBatch(head.signal, bytes, { validate: false });
    this.#arriving = 0;
    const receive = this.#requests.entry(head.node);
    if (receive === undefined) {
      this.#budget.give(size);
      return this.#write(encodeTurnedAway(id, PipelineError.unavailable(`${head.node} has not started here`, RETRY_AFTER_MS)));
    }
    const settlement = createSettlement((outcome) => {
      this.#budget.give(size);
      this.#write(encodeOutcome(id, outcome));
    });
    receive({ batch, settlement, context: head.context });
  }

  #write(frame: Buffer): void {
    if (this.#socket.writable) this.#socket.write(frame);
  }
}
