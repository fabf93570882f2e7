const HIGH_BITS = 0x80808080;

/** Whether no byte of `[start, end)` has its high bit set; sixteen bytes a step. `view` covers the same memory as `bytes`. */
export function isAscii(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
  let bits = 0;
  let at = start;
  for (const last = end - 16; at <= last; at += 16) {
    bits |= view.getInt32(at, true) | view.getInt32(at + 4, true) | view.getInt32(at + 8, true) | view.getInt32(at + 12, true);
  }
  for (const last = end - 4; at <= last; at += 4) bits |= view.getInt32(at, true);
  for (; at < end; at++) bits |= bytes[at]!;
  return (bits & HIGH_BITS) === 0;
}

/** Offset of the first byte of `[start, end)` with its high bit set, or `end`. */
export function skipAscii(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start;
  for (const last = end - 4; at <= last && (view.getInt32(at, true) & HIGH_BITS) === 0;) at += 4;
  while (at < end && bytes[at]! < 0x80) at++;
  return at;
}
