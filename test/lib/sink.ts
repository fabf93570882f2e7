// An OTLP back end that counts: every item of `payload.ts` once, over HTTP and gRPC. Runs in its own process:
//
//   node sink.ts          prints {"http":PORT,"grpc":PORT} when it listens; ends at SIGTERM
//
// POST /missing with {"ranges":[[sender,from,to],…]} answers how many of those items (to exclusive) have not arrived;
// GET /stats answers {"items":…,"requests":…,"doubled":…,"unknown":…}. Bodies may be compressed with gzip.
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { gunzipSync } from "node:zlib";
import { idOffsets, readId } from "./payload.ts";
import { SeenItems } from "./seen-items.ts";

const GRPC_PREFIX = 5;
const EMPTY_GRPC_MESSAGE = Buffer.alloc(GRPC_PREFIX);

const seen = new SeenItems();
const stats = { items: 0, requests: 0, unknown: 0 };

function count(body: Buffer): void {
  const offsets = idOffsets(body);
  stats.requests += 1;
  stats.items += offsets.length;
  if (offsets.length === 0) stats.unknown += 1;
  for (const offset of offsets) {
    const { sender, sequence } = readId(body, offset);
    seen.add(sender, sequence);
  }
}

function missing(ranges: readonly (readonly [sender: number, from: number, to: number])[]): number {
  let lost = 0;
  for (const [sender, from, to] of ranges)
    for (let sequence = from; sequence < to; sequence += 1) if (!seen.has(sender, sequence)) lost += 1;
  return lost;
}

async function read(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await read(request);
  if (request.url === "/stats") response.end(JSON.stringify({ ...stats, doubled: seen.doubled }));
  else if (request.url === "/missing")
    response.end(JSON.stringify({ missing: missing((JSON.parse(body.toString()) as { ranges: [number, number, number][] }).ranges) }));
  else {
    count(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
    response.writeHead(200, { "content-type": request.headers["content-type"] ?? "application/x-protobuf" });
    response.end(request.headers["content-type"] === "application/json" ? "{}" : undefined);
  }
}

async function answerGrpc(stream: ServerHttp2Stream): Promise<void> {
  const body = await read(stream);
  const message = body.subarray(GRPC_PREFIX);
  count(body[0] === 1 ? gunzipSync(message) : message);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(EMPTY_GRPC_MESSAGE);
}

function complain(error: unknown): void {
  console.error(`sink: ${String(error)}`);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const http = createServer((request, response) => void answerHttp(request, response).catch(complain));
const http2 = createHttp2Server({ settings: { initialWindowSize: 1 << 20 } });
http2.on("stream", (stream: ServerHttp2Stream) => void answerGrpc(stream).catch(complain));
http2.on("session", (session) => session.setLocalWindowSize(1 << 24));
console.log(JSON.stringify({ http: await listen(http), grpc: await listen(http2) }));
