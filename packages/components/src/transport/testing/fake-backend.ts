import { openBatch, type Signal } from "@tidemark/otlp";
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server as HttpServer, type ServerResponse } from "node:http";
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { frameHead } from "../grpc-frame.ts";

/** A request as the backend received it. */
export interface BackendRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came, without gRPC framing. */
  readonly wire: Buffer;
  /** After decompression. */
  readonly body: Buffer;
}

/** An OTLP server on loopback for tests of exporters. */
export interface FakeBackend {
  readonly port: number;
  readonly requests: BackendRequest[];
  /** Items in protobuf requests so far. */
  items(): number;
  close(): Promise<void>;
}

const SIGNALS: readonly (readonly [RegExp, Signal])[] = [
  [/trace/i, "traces"],
  [/metric/i, "metrics"],
  [/log/i, "logs"],
];

function itemsOf({ path, body }: BackendRequest): number {
  const signal = SIGNALS.find(([pattern]) => pattern.test(path))?.[1] ?? "traces";
  return openBatch(signal, body).itemCount;
}

function unpack(wire: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "gzip") return gunzipSync(wire);
  if (encoding === "deflate" || encoding === "zlib") return inflateSync(wire);
  return encoding === "zstd" ? zstdDecompressSync(wire) : wire;
}

/** Answers every POST with 200, or as `answer` does. */
export async function httpBackend(
  answer: (response: ServerResponse, count: number) => void = (response) => void response.end(),
): Promise<FakeBackend & { readonly server: HttpServer }> {
  const requests: BackendRequest[] = [];
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const wire = Buffer.concat(chunks);
      requests.push({ path: request.url ?? "", headers: request.headers, wire, body: unpack(wire, request.headers["content-encoding"]) });
      answer(response, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    items: () => requests.reduce((sum, request) => sum + itemsOf(request), 0),
    close,
    server,
  };
}

/** Full success of a gRPC call. */
export function grpcSuccess(stream: ServerHttp2Stream, message: Uint8Array = Buffer.alloc(0)): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat([frameHead(message.length, false), message]));
}

/** Answers every call with OK, or as `answer` does. */
export async function grpcBackend(
  answer: (stream: ServerHttp2Stream, count: number) => void = (stream) => grpcSuccess(stream),
  settings: Settings = {},
): Promise<FakeBackend & { readonly server: Http2Server; readonly sessions: Set<ServerHttp2Session> }> {
  const requests: BackendRequest[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({ settings });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const all = Buffer.concat(chunks);
      const wire = all.subarray(5);
      const encoding = all[0] === 1 ? (headers["grpc-encoding"] as string) : undefined;
      requests.push({ path: headers[":path"] ?? "", headers, wire, body: unpack(wire, encoding) });
      answer(stream, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
    });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    items: () => requests.reduce((sum, request) => sum + itemsOf(request), 0),
    close,
    server,
    sessions,
  };
}
