import { Agent, request } from "node:http";
import { connect } from "node:http2";
import type { IncomingHttpHeaders } from "node:http2";
import type { Signal } from "./payload.ts";

/** One way to send an export request. `send` resolves with nothing on success, or with what the answer was. */
export interface OtlpSender {
  send(body: Buffer): Promise<string | undefined>;
  close(): void;
}

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: "trace.v1.TraceService",
  metrics: "metrics.v1.MetricsService",
  logs: "logs.v1.LogsService",
};

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
          response.on("end", () => resolve(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`));
          response.on("error", (error) => resolve(error.message));
        });
        call.on("error", (error) => resolve(error.message));
        call.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** OTLP over gRPC on one HTTP/2 connection. */
export function grpcSender(target: string, signal: Signal): OtlpSender {
  const session = connect(target, { settings: { initialWindowSize: 1 << 20 } });
  session.on("error", () => {}); // each stream reports it
  const path = `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`;
  return {
    send: (body) =>
      new Promise((resolve) => {
        const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
        let answer = "no grpc-status";
        const note = (headers: IncomingHttpHeaders): void => {
          const status = headers["grpc-status"];
          if (typeof status === "string") answer = `grpc-status ${status}`;
        };
        stream.on("response", note).on("trailers", note).resume();
        stream.on("error", (error) => {
          answer = error.message;
        });
        stream.on("close", () => resolve(answer === "grpc-status 0" ? undefined : answer));
        const prefix = Buffer.alloc(5);
        prefix.writeUInt32BE(body.length, 1);
        stream.write(prefix);
        stream.end(body);
      }),
    close: () => session.close(),
  };
}
