const HIGH_BITS = 0x80808080;

/** Whether no byte of `[start, end)` has its high bit set. `view` covers the same memory as `bytes`. */
export function isAscii(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
  const length = end - start;
  let bits = 0;
  // Four words a step; the last step overlaps the one before.
  if (length >= 16) {
    const last = end - 16;
    for (let at = start; at < last; at += 16) {
      bits |= view.getInt32(at, true) | view.getInt32(at + 4, true) | view.getInt32(at + 8, true) | view.getInt32(at + 12, true);
    }
    bits |= view.getInt32(last, true) | view.getInt32(last + 4, true) | view.getInt32(last + 8, true) | view.getInt32(last + 12, true);
    return (bits & HIGH_BITS) === 0;
  }
  if (length >= 4) {
    bits = view.getInt32(start, true) | view.getInt32(end - 4, true);
    if (length > 8) bits |= view.getInt32(start + 4, true) | view.getInt32(end - 8, true);
    return (bits & HIGH_BITS) === 0;
  }
  for (let at = start; at < end; at++) bits |= bytes[at]!;
  return bits < 0x80;
}
