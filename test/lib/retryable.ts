/** OTLP 1.11: HTTP statuses after which a client may send again. */
export const RETRYABLE_HTTP: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** gRPC codes after which it always may: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
export const RETRYABLE_GRPC: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);
/** The code after which it may when the answer says when. */
export const RESOURCE_EXHAUSTED = 8;
