import type { Signal } from "./payload.ts";

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: "trace.v1.TraceService",
  metrics: "metrics.v1.MetricsService",
  logs: "logs.v1.LogsService",
};

/** Full name of the service that takes a signal. */
export function grpcService(signal: Signal): string {
  return `opentelemetry.proto.collector.${SERVICES[signal]}`;
}

/** Path of its Export call. */
export function grpcPath(signal: Signal): string {
  return `/${grpcService(signal)}/Export`;
}

/** The five bytes in front of a message of so many bytes. */
export function grpcHead(length: number, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return head;
}

/** A message with them in front. */
export function grpcFrame(message: Uint8Array, compressed = false): Buffer {
  return Buffer.concat([grpcHead(message.length, compressed), message]);
}
