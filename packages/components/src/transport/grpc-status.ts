import type { PipelineErrorCode } from "@tidemark/core";

/** gRPC status codes (google.rpc.Code). */
export const GRPC = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** OTLP 1.11, "Failures": codes after which the same request may be sent again. RESOURCE_EXHAUSTED only with RetryInfo. */
const RETRYABLE: ReadonlySet<number> = new Set([
  GRPC.CANCELLED,
  GRPC.DEADLINE_EXCEEDED,
  GRPC.ABORTED,
  GRPC.OUT_OF_RANGE,
  GRPC.UNAVAILABLE,
  GRPC.DATA_LOSS,
]);

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(GRPC).map(([name, code]) => [code, name]));

const CODE_OF: Readonly<Record<PipelineErrorCode, number>> = {
  invalid_argument: GRPC.INVALID_ARGUMENT,
  unauthenticated: GRPC.UNAUTHENTICATED,
  permission_denied: GRPC.PERMISSION_DENIED,
  unimplemented: GRPC.UNIMPLEMENTED,
  resource_exhausted: GRPC.RESOURCE_EXHAUSTED,
  unavailable: GRPC.UNAVAILABLE,
  deadline_exceeded: GRPC.DEADLINE_EXCEEDED,
  internal: GRPC.INTERNAL,
};

const PIPELINE_CODE: ReadonlyMap<number, PipelineErrorCode> = new Map(
  (Object.entries(CODE_OF) as [PipelineErrorCode, number][]).map(([name, code]) => [code, name]),
);

/** Whether OTLP lets a client send the request again after this answer. */
export function isRetryableGrpc(code: number, hasRetryInfo: boolean): boolean {
  return RETRYABLE.has(code) || (code === GRPC.RESOURCE_EXHAUSTED && hasRetryInfo);
}

/** `UNAVAILABLE`, or `code 99` for one that has no name. */
export function grpcName(code: number): string {
  return NAMES[code] ?? `code ${code}`;
}

export function grpcCodeOf(code: PipelineErrorCode): number {
  return CODE_OF[code];
}

/** The nearest `PipelineErrorCode`: other retryable codes become `unavailable`, other permanent ones `internal`. */
export function pipelineCodeOf(code: number): PipelineErrorCode {
  return PIPELINE_CODE.get(code) ?? (RETRYABLE.has(code) ? "unavailable" : "internal");
}

/** `grpc-message` is percent-encoded UTF-8: what is printable ASCII except `%` stays. */
export function encodeGrpcMessage(message: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(message)) return message;
  let out = "";
  for (const byte of Buffer.from(message, "utf8")) {
    out +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

/** Reads `grpc-message`; text that is not well encoded is given back as it came. */
export function decodeGrpcMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
