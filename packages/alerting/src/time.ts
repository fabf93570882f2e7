const NANOS_PER_MS = 1_000_000n;
/** The last millisecond that a signed 64-bit count of nanoseconds holds, in the year 2262. */
const LAST_MS = 9_223_372_036_854;

/** Milliseconds since the Unix epoch as OTLP nanoseconds; times that senders made up are brought into the range of an int64. */
export function nanosFromMs(ms: number): bigint {
  return BigInt(Math.round(Math.min(Math.max(ms, 0), LAST_MS))) * NANOS_PER_MS;
}

/** OTLP nanoseconds as whole milliseconds. */
export function msFromNanos(nanos: bigint): number {
  return Number(nanos / NANOS_PER_MS);
}
