const HIGH_BITS = 0x80808080;

/** Whether no byte of `[start, end)` has its high bit set. `view` covers the same memory as `bytes`. */
export function isAscii(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
  let bits = 0;
  let at = start;
  if (end - start < 4) {
    while (at < end) bits |= bytes[at++]!;
    return bits < 0x80;
  }
  // Four words a step, then single words; the last word overlaps the ones before.
  for (const last = end - 16; at <= last; at += 16) {
    bits |= view.getInt32(at, true) | view.getInt32(at + 4, true) | view.getInt32(at + 8, true) | view.getInt32(at + 12, true);
  }
  for (const last = end - 4; at < last; at += 4) bits |= view.getInt32(at, true);
  bits |= view.getInt32(end - 4, true);
  return (bits & HIGH_BITS) === 0;
}
