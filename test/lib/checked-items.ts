// Log records of random bytes, each with its checksum, and a back end that checks them however badly it treats its clients.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import type { Random } from "@tidemark/core";
import { attribute, length } from "./protobuf.ts";
import { DATA_TYPES, protoRoot } from "./proto-types.ts";
import { between, pick } from "./random.ts";
import { listen, unpack } from "./server-io.ts";

const MOST_ITEMS = 20;
const LARGEST = 200_000;
const GRPC_HEAD = 5;
const UNAVAILABLE = 14;
/** What `poison-released.ts` writes. No random bytes look like this. */
const POISON = Buffer.alloc(48, 0xdb);

/** How the back end treats a request: `early` answers come before it has read the body. */
export type Manner = "well" | "slowly" | "early refusal" | "early success" | "cut off";

/** What has arrived. */
export interface CheckedItems {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Items that arrived whole. */
  readonly seen: ReadonlySet<string>;
  /** What arrived otherwise than it was sent, in words. */
  readonly broken: readonly string[];
  /** From now on requests are treated in one of these manners, by chance. */
  treat(manners: readonly [Manner, ...Manner[]]): void;
  close(): Promise<void>;
}

interface DecodedLogs {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly body: { readonly bytesValue: Uint8Array };
        readonly attributes: readonly DecodedAttribute[];
      }[];
    }[];
  }[];
}

interface DecodedAttribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

/** A request of log records whose bodies are random bytes; their names begin with `name`. */
export function checkedRequest(random: Random, name: string): { readonly body: Buffer; readonly ids: readonly string[] } {
  const ids = Array.from({ length: between(random, 1, MOST_ITEMS) }, (_, index) => `${name}-${index}`);
  const records = ids.map((id) => {
    const bytes = randomBytes(random, between(random, 1000, random() < 0.2 ? LARGEST : LARGEST / 10));
    return length(2, [length(5, [length(7, bytes)]), attribute(6, "id", id), attribute(6, "sum", String(crc32(bytes)))]);
  });
  return { body: Buffer.from(length(1, [length(1, [attribute(1, "service.name", "chat")]), length(2, records)])), ids };
}

function randomBytes(random: Random, size: number): Uint8Array {
  return new Uint8Array(Float64Array.from({ length: Math.ceil(size / 8) }, random).buffer, 0, size);
}

class Arrivals {
  readonly seen = new Set<string>();
  readonly broken: string[] = [];
  readonly #request = protoRoot().lookupType(DATA_TYPES.logs);

  /** `wire` is a message of `size` bytes behind a head, or the beginning of one. */
  check(manner: Manner, wire: Buffer, encoding: unknown, headLength: number, size: number): void {
    if (wire.includes(POISON)) this.broken.push(`memory that had been given back, treated ${manner}`);
    if (wire.length < headLength + size) return;
    const decoded = this.#request.decode(unpack(encoding, wire.subarray(headLength))) as unknown as DecodedLogs;
    const records = decoded.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
    for (const { body, attributes } of records) {
      const of = (name: string): string => attributes.find(({ key }) => key === name)?.value.stringValue ?? "";
      if (String(crc32(body.bytesValue)) === of("sum")) this.seen.add(of("id"));
      else this.broken.push(`the item ${of("id")}, treated ${manner}`);
    }
  }
}

/** Starts the back end on free ports of loopback. Windows of HTTP/2 streams have `window` bytes. */
export async function startCheckedItems(random: Random, window: number): Promise<CheckedItems> {
  const arrivals = new Arrivals();
  let manners: readonly [Manner, ...Manner[]] = ["well"];

  const tell = (error: unknown): void => void arrivals.broken.push(String(error));

  const http = createServer((incoming, response) => void answerHttp(incoming, response).catch(tell));
  const answerHttp = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const manner = pick(random, manners);
    if (random() < 0.5) await sleep(random() * 5);
    if (manner === "early refusal") response.writeHead(503).end();
    if (manner === "early success") response.writeHead(200).end();
    const size = Number(incoming.headers["content-length"]);
    const wire = await read(incoming, random, manner, size);
    if (manner === "cut off") response.destroy();
    else if (wire.length === size && !response.headersSent) response.writeHead(200).end();
    arrivals.check(manner, wire, incoming.headers["content-encoding"], 0, size);
  };

  const http2 = createHttp2Server({ settings: { initialWindowSize: window } });
  http2.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void answerGrpc(stream, headers).catch(tell));
  http2.on("session", (session) => session.on("error", () => undefined));
  const answerGrpc = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    const manner = pick(random, manners);
    stream.on("error", () => undefined);
    if (random() < 0.5) await sleep(random() * 5);
    if (stream.destroyed) return;
    if (manner === "early refusal") respond(stream, UNAVAILABLE);
    if (manner === "early success") respond(stream, 0);
    const wire = await read(stream, random, manner, LARGEST);
    const size = wire.length < GRPC_HEAD ? Number.POSITIVE_INFINITY : wire.readUInt32BE(1);
    if (manner === "cut off") stream.close(pick(random, [2, 7, 8]));
    else if (wire.length === GRPC_HEAD + size && !stream.destroyed && !stream.headersSent) respond(stream, 0);
    arrivals.check(manner, wire, wire[0] === 1 ? headers["grpc-encoding"] : undefined, GRPC_HEAD, size);
  };

  return {
    httpPort: await listen(http),
    grpcPort: await listen(http2),
    seen: arrivals.seen,
    broken: arrivals.broken,
    treat: (next) => void (manners = next),
    close: async () => {
      http.closeAllConnections();
      http2.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function respond(stream: ServerHttp2Stream, code: number): void {
  const headers = { ":status": 200, "content-type": "application/grpc", "grpc-status": String(code) };
  if (code !== 0) return stream.respond(headers, { endStream: true });
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.alloc(GRPC_HEAD));
}

/** What comes until the end, or until the sender or this side has had enough. */
async function read(stream: AsyncIterable<unknown>, random: Random, manner: Manner, size: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = manner === "cut off" ? random() * size : Number.POSITIVE_INFINITY;
  try {
    if (manner !== "well") await sleep(random() * 10);
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      left -= (chunk as Buffer).length;
      if (left <= 0) break;
      if (manner !== "well" && random() < 0.3) await sleep(random() * 4);
    }
  } catch {
    // The sender went away: what had come by then is looked at.
  }
  return Buffer.concat(chunks);
}
