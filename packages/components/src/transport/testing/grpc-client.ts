import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders, type Settings } from "node:http2";
import { frameHead } from "../grpc-frame.ts";
import { decodeGrpcMessage } from "../grpc-status.ts";

/** Paths of the three services. */
export const GRPC_PATHS = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
} as const;

/** What a client sees of one call. */
export interface GrpcReply {
  readonly http: number;
  /** grpc-status; -1 when there was none. */
  readonly code: number;
  readonly message: string;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly resetCode: number;
}

/** A message with its 5 byte head. */
export function framed(message: Uint8Array, compressed = false): Buffer {
  return Buffer.concat([frameHead(message.length, compressed), message]);
}

/** Connects to a plain-text server on loopback. */
export function grpcConnect(port: number, settings: Settings = {}): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, { settings, maxSessionMemory: 1024 });
  session.on("error", () => undefined);
  return session;
}

/** Writes `chunks` one by one, ends the call at once unless told otherwise (then after the answer), and waits until the stream is closed. */
export function grpcCall(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  chunks: readonly Uint8Array[],
  end = true,
): Promise<GrpcReply> {
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": GRPC_PATHS.traces,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    let answer: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const body: Buffer[] = [];
    stream.on("response", (received) => void (answer = received));
    stream.on("trailers", (received) => void (trailers = received));
    stream.on("data", (chunk: Buffer) => void body.push(chunk));
    stream.on("error", () => undefined);
    stream.on("end", () => void stream.end());
    stream.on("close", () => {
      const block = trailers["grpc-status"] === undefined ? answer : trailers;
      resolve({
        http: Number(answer[":status"] ?? 0),
        code: Number(block["grpc-status"] ?? -1),
        message: decodeGrpcMessage((block["grpc-message"] as string | undefined) ?? ""),
        headers: answer,
        trailers,
        body: Buffer.concat(body),
        resetCode: stream.rstCode,
      });
    });
    void writeAll(stream, chunks, end);
  });
}

async function writeAll(stream: ReturnType<ClientHttp2Session["request"]>, chunks: readonly Uint8Array[], end: boolean): Promise<void> {
  for (const chunk of chunks) await new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
  if (end && !stream.destroyed) stream.end();
}
