import fc from "fast-check";

/** Bytes of any content, 300 at most. */
export const anyBytes: fc.Arbitrary<Buffer> = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

/** Cuts bytes at the given places, taken modulo their length; empty pieces are left out. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).flatMap((end, index) => (end > (sorted[index] ?? 0) ? [bytes.subarray(sorted[index], end)] : []));
}
