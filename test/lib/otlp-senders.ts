import { Agent, request } from "node:http";
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { grpcHead, grpcPath } from "./grpc.ts";
import type { Signal } from "./payload.ts";
import { RESOURCE_EXHAUSTED, RETRYABLE_GRPC, RETRYABLE_HTTP } from "./retryable.ts";

/** An answer other than success. */
export interface Refusal {
  /** Such as `HTTP 503` or `grpc-status 14`, or the error of a call that got no answer. */
  readonly answer: string;
  /** Whether OTLP lets the client send the same data again: 429, 502, 503, 504, or the gRPC codes for it. */
  readonly retryable: boolean;
  /** Whether it said when: `Retry-After` or RetryInfo. */
  readonly saysWhen: boolean;
}

/** One way to send an export request. `send` resolves with nothing on success. */
export interface OtlpSender {
  send(body: Buffer): Promise<Refusal | undefined>;
  close(): void;
}

/** OTLP over HTTP/1.1, protobuf. */
export function httpSender(target: string, signal: Signal, connections: number): OtlpSender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const url = new URL(`/v1/${signal}`, target);
  return {
    send: (body) =>
      new Promise((resolve) => {
        const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
        const call = request(url, { method: "POST", agent, headers }, (response) => {
          response.resume();
          response.on("end", () => resolve(httpRefusal(response.statusCode ?? 0, response.headers["retry-after"])));
          response.on("error", (error) => resolve(noAnswer(error)));
        });
        call.on("error", (error) => resolve(noAnswer(error)));
        call.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** OTLP over gRPC on one HTTP/2 connection; another one takes its place when it breaks. */
export function grpcSender(target: string, signal: Signal): OtlpSender {
  const open = (): ClientHttp2Session => {
    const opened = connect(target, { settings: { initialWindowSize: 1 << 20 } });
    opened.on("error", () => {}); // each stream reports it
    return opened;
  };
  let session = open();
  const path = grpcPath(signal);
  return {
    send: (body) =>
      new Promise((resolve) => {
        if (session.closed || session.destroyed) session = open();
        const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
        let refusal: Refusal | undefined = { answer: "no grpc-status", retryable: false, saysWhen: false };
        const note = (headers: IncomingHttpHeaders): void => {
          const status = headers["grpc-status"];
          if (typeof status === "string") refusal = grpcRefusal(Number(status), headers["grpc-status-details-bin"]);
        };
        stream.on("response", note).on("trailers", note).resume();
        stream.on("error", (error) => {
          refusal = noAnswer(error);
        });
        stream.on("close", () => resolve(refusal));
        stream.write(grpcHead(body.length));
        stream.end(body);
      }),
    close: () => session.close(),
  };
}

function httpRefusal(status: number, retryAfter: string | undefined): Refusal | undefined {
  if (status === 200) return undefined;
  return { answer: `HTTP ${status}`, retryable: RETRYABLE_HTTP.has(status), saysWhen: retryAfter !== undefined };
}

function grpcRefusal(code: number, details: string | readonly string[] | undefined): Refusal | undefined {
  if (code === 0) return undefined;
  const saysWhen = Buffer.from(String(details ?? ""), "base64").includes("google.rpc.RetryInfo");
  const retryable = RETRYABLE_GRPC.has(code) || (code === RESOURCE_EXHAUSTED && saysWhen);
  return { answer: `grpc-status ${code}`, retryable, saysWhen };
}

function noAnswer(error: Error): Refusal {
  return { answer: error.message, retryable: false, saysWhen: false };
}
