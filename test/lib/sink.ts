// An OTLP back end that counts: every item of `payload.ts` once, over HTTP and gRPC. Runs in its own process:
//
//   node sink.ts [--items-per-second N] [--http-port P]      prints {"http":PORT,"grpc":PORT} when it listens; ends at SIGTERM
//
// POST /missing with {"ranges":[[sender,from,to],…]} answers how many of those items (to exclusive) have not arrived;
// GET /stats answers {"items":…,"requests":…,"doubled":…}. Bodies may be compressed with gzip or zstd. Items are spans, log records
// and metrics. With --items-per-second it is slow: it answers a request when, at that rate, it has worked off all that came before.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { idOffsets, readId } from "./payload.ts";
import { countItems } from "./count-items.ts";
import { listen, readAll, unpack } from "./server-io.ts";
import { SeenItems } from "./seen-items.ts";

const GRPC_PREFIX = 5;
const EMPTY_GRPC_MESSAGE = Buffer.alloc(GRPC_PREFIX);

const { values } = parseArgs({
  options: { "items-per-second": { type: "string", default: "Infinity" }, "http-port": { type: "string", default: "0" } },
});
const itemsPerMs = Number(values["items-per-second"]) / 1000;
const seen = new SeenItems();
const stats = { items: 0, requests: 0 };
let idleFrom = 0;

async function take(body: Buffer): Promise<void> {
  const items = countItems(body);
  if (itemsPerMs !== Infinity) {
    const now = performance.now();
    idleFrom = Math.max(now, idleFrom) + items / itemsPerMs;
    await sleep(idleFrom - now);
  }
  stats.requests += 1;
  stats.items += items;
  for (const offset of idOffsets(body)) {
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

async function answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readAll(request);
  if (request.url === "/stats") response.end(JSON.stringify({ ...stats, doubled: seen.doubled }));
  else if (request.url === "/missing")
    response.end(JSON.stringify({ missing: missing((JSON.parse(body.toString()) as { ranges: [number, number, number][] }).ranges) }));
  else {
    await take(unpack(request.headers["content-encoding"], body));
    response.writeHead(200, { "content-type": request.headers["content-type"] ?? "application/x-protobuf" });
    response.end(request.headers["content-type"] === "application/json" ? "{}" : undefined);
  }
}

async function answerGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const body = await readAll(stream);
  const message = body.subarray(GRPC_PREFIX);
  await take(body[0] === 1 ? unpack(headers["grpc-encoding"], message) : message);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(EMPTY_GRPC_MESSAGE);
}

function complain(error: unknown): void {
  console.error(`sink: ${String(error)}`);
}

const http = createServer((request, response) => {
  void answerHttp(request, response).catch((error: unknown) => {
    complain(error);
    response.destroy();
  });
});
const http2 = createHttp2Server({ settings: { initialWindowSize: 1 << 20 } });
http2.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  stream.on("error", complain);
  void answerGrpc(stream, headers).catch((error: unknown) => {
    complain(error);
    stream.destroy();
  });
});
http2.on("session", (session) => session.setLocalWindowSize(1 << 24));
console.log(JSON.stringify({ http: await listen(http, Number(values["http-port"])), grpc: await listen(http2) }));
