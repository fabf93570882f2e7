// An OTLP back end that answers as it is told and remembers every attempt. gRPC and HTTP/1.1, on node:http and node:http2 and
// protobufjs alone. What it is told is filed under the service.name of the data, so that many tests can use it at the same time.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { grpcFrame, grpcPath } from "./grpc.ts";
import type { Signal } from "./payload.ts";
import { DATA_TYPES, RESPONSE_TYPES, type PlainMessage, type ProtoTypes } from "./proto-types.ts";
import { listen, readAll, unpack } from "./server-io.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const REJECTED: Readonly<Record<Signal, string>> = { traces: "rejectedSpans", metrics: "rejectedDataPoints", logs: "rejectedLogRecords" };
/** Field 9999 with the text "new!". */
const UNKNOWN_FIELD = Buffer.from([0xfa, 0xf0, 0x04, 0x04, 0x6e, 0x65, 0x77, 0x21]);
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/** One answer. Nothing set: full success. */
export interface Reply {
  /** gRPC status code, used where the request came over gRPC. */
  readonly grpc?: number;
  /** HTTP status, used where the request came over HTTP. */
  readonly http?: number;
  readonly message?: string;
  /** Value of Retry-After (HTTP). */
  readonly retryAfter?: string;
  /** RetryInfo in the status (gRPC). */
  readonly retryDelayMs?: number;
  /** Partial success with so many rejected items; 0 with a message is a warning. */
  readonly rejected?: number;
  /** Ends the connection without an answer. */
  readonly disconnect?: boolean;
  /** Answers only when this has resolved. */
  readonly after?: Promise<unknown>;
  /** Makes the body of a success so long, by a warning of this many characters. */
  readonly padding?: number;
  /** Code in the Status of an HTTP answer, where it says something else than the HTTP status. */
  readonly statusCode?: number;
  /** Adds a field that nobody knows to a success. */
  readonly unknownField?: boolean;
}

/** One request as it arrived. */
export interface Attempt {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly transport: "grpc" | "http";
  readonly signal: Signal;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The message as it left, before compression. */
  readonly bytes: Buffer;
  readonly compressed: boolean;
  readonly data: PlainMessage;
}

/** A running back end. */
export interface ScriptedBackend {
  readonly http: string;
  readonly grpc: string;
  /** The next answers to data of this service; after them, success. */
  script(service: string, replies: readonly Reply[]): void;
  attempts(service: string): readonly Attempt[];
  /** Connections that were made so far. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Starts a back end on free ports of loopback, or on the given ones. */
export async function startScriptedBackend(
  proto: ProtoTypes,
  ports: { readonly http?: number; readonly grpc?: number } = {},
): Promise<ScriptedBackend> {
  const desk = new Desk(proto);
  const sockets = new Set<Socket>();
  let connections = 0;
  const http = createServer((request, response) => void answerHttp(desk, request, response).catch(complain));
  const grpc = createHttp2Server({ settings: { initialWindowSize: 1 << 20 } });
  const sessions = new Set<ServerHttp2Session>();
  grpc.on("session", (session: ServerHttp2Session) => {
    connections += 1;
    sessions.add(session);
    session.on("error", () => {}).on("close", () => sessions.delete(session));
  });
  grpc.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    void answerGrpc(desk, stream, headers).catch(complain);
  });
  http.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  const httpPort = await listen(http, ports.http ?? 0);
  const grpcPort = await listen(grpc, ports.grpc ?? 0);
  return {
    http: `http://127.0.0.1:${httpPort}`,
    grpc: `http://127.0.0.1:${grpcPort}`,
    script: (service, replies) => desk.scripts.set(service, [...replies]),
    attempts: (service) => desk.attempts.get(service) ?? [],
    get connections() {
      return connections;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      for (const session of sessions) session.destroy();
      await Promise.all([new Promise((resolve) => http.close(resolve)), new Promise((resolve) => grpc.close(resolve))]);
    },
  };
}

/** Where attempts are filed and answers are looked up. */
class Desk {
  readonly proto: ProtoTypes;
  readonly scripts = new Map<string, Reply[]>();
  readonly attempts = new Map<string, Attempt[]>();

  constructor(proto: ProtoTypes) {
    this.proto = proto;
  }

  /** Files a request; resolves with what to answer. */
  async take(attempt: Attempt): Promise<Reply> {
    const service = serviceOf(attempt.data);
    const list = this.attempts.get(service);
    if (list === undefined) this.attempts.set(service, [attempt]);
    else list.push(attempt);
    const reply = this.scripts.get(service)?.shift() ?? {};
    await reply.after;
    return reply;
  }

  success(signal: Signal, reply: Reply): Buffer {
    const message = this.proto.encode(RESPONSE_TYPES[signal], this.response(signal, reply));
    return reply.unknownField === true ? Buffer.concat([message, UNKNOWN_FIELD]) : message;
  }

  response(signal: Signal, reply: Reply): PlainMessage {
    if (reply.padding !== undefined) return { partialSuccess: { errorMessage: "x".repeat(reply.padding) } };
    if (reply.rejected === undefined) return {};
    return { partialSuccess: { [REJECTED[signal]]: String(reply.rejected), errorMessage: reply.message ?? "" } };
  }

  status({ grpc, statusCode, message = "", retryDelayMs }: Reply): PlainMessage {
    const code = statusCode ?? grpc ?? 0;
    if (retryDelayMs === undefined) return { code, message };
    const seconds = Math.floor(retryDelayMs / 1000);
    const value = this.proto.encode("google.RetryInfo", { retryDelay: { seconds: String(seconds), nanos: (retryDelayMs % 1000) * 1e6 } });
    return { code, message, details: [{ typeUrl: RETRY_INFO, value: value.toString("base64") }] };
  }
}

async function answerHttp(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readAll(request);
  const { headers, url: path = "" } = request;
  const coding = headers["content-encoding"] ?? "";
  const bytes = unpack(coding, body);
  const json = headers["content-type"] === "application/json";
  const signal = SIGNALS.find((name) => path.endsWith(name)) ?? "traces";
  const data = json ? (JSON.parse(bytes.toString()) as PlainMessage) : desk.proto.decode(DATA_TYPES[signal], bytes);
  const attempt: Attempt = {
    at: performance.now(),
    transport: "http",
    signal,
    path,
    headers,
    bytes,
    compressed: coding !== "",
    data,
  };
  const reply = await desk.take(attempt);
  if (reply.disconnect === true) return void request.socket.destroy();
  const status = reply.http ?? 200;
  response.writeHead(status, {
    "content-type": json ? "application/json" : "application/x-protobuf",
    ...(reply.retryAfter === undefined ? {} : { "retry-after": reply.retryAfter }),
  });
  if (json) response.end(JSON.stringify(status < 300 ? desk.response(signal, reply) : desk.status(reply)));
  else response.end(status < 300 ? desk.success(signal, reply) : desk.proto.encode("google.Status", desk.status(reply)));
}

async function answerGrpc(desk: Desk, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const body = await readAll(stream);
  const path = String(headers[":path"]);
  const signal = SIGNALS.find((name) => path === grpcPath(name)) ?? "traces";
  const compressed = body[0] === 1;
  const bytes = unpack(compressed ? headers["grpc-encoding"] : "", body.subarray(5));
  const data = desk.proto.decode(DATA_TYPES[signal], bytes);
  const reply = await desk.take({ at: performance.now(), transport: "grpc", signal, path, headers, bytes, compressed, data });
  if (reply.disconnect === true) return stream.session?.destroy();
  if (stream.destroyed) return;
  const code = reply.grpc ?? 0;
  if (code !== 0) {
    const details = desk.proto.encode("google.Status", desk.status(reply)).toString("base64");
    const status = { "grpc-status": String(code), "grpc-message": encodeURIComponent(reply.message ?? "") };
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", ...status, "grpc-status-details-bin": details },
      { endStream: true },
    );
    return;
  }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(grpcFrame(desk.success(signal, reply)));
}

/** The service.name of the first resource. */
export function serviceOf(data: PlainMessage): string {
  const [first] = Object.values(data)[0] as { resource?: { attributes?: { key: string; value?: { stringValue?: string } }[] } }[];
  return first?.resource?.attributes?.find(({ key }) => key === "service.name")?.value?.stringValue ?? "";
}

function complain(error: unknown): void {
  // A peer that goes away in the middle of its request is what some tests are about.
  if (!["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"].includes((error as NodeJS.ErrnoException).code ?? ""))
    console.error(`back end: ${String(error)}`);
}
