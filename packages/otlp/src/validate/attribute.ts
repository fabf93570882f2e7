import { isAscii } from "./ascii.ts";

/**
 * Whether `[pos, end)` is a KeyValue in the form that every SDK writes, and sound: a short ASCII key, then an AnyValue
 * with one string, bool, int or double. Most bytes of a request are such attributes; this is the shortcut past the
 * table. Any other form, sound or not, answers false and goes the long way.
 *
 *     0a keyLength key  12 valueLength  0a length text | 10 varint | 18 varint | 21 eight bytes
 */
export function isPlainAttribute(bytes: Uint8Array, view: DataView, pos: number, end: number): boolean {
  if (end - pos < 6 || bytes[pos] !== 0x0a) return false;
  const keyLength = bytes[pos + 1]!;
  const keyEnd = pos + 2 + keyLength;
  if (keyLength >= 0x80 || keyEnd + 4 > end || bytes[keyEnd] !== 0x12) return false;
  let at = keyEnd + 1;
  let length = bytes[at++]!;
  if (length >= 0x80) {
    const high = bytes[at++]!;
    if (high >= 0x80) return false;
    length = (length & 0x7f) | (high << 7);
  }
  if (at + length !== end || length < 2) return false;
  const tag = bytes[at++]!;
  if (tag === 0x0a) {
    length = bytes[at++]!;
    // One-byte lengths are ASCII too, so the test may run across them.
    if (length < 0x80) return at + length === end && isAscii(bytes, view, pos + 2, end);
    const high = bytes[at++]!;
    if (high >= 0x80) return false;
    length = (length & 0x7f) | (high << 7);
    return at + length === end && isAscii(bytes, view, pos + 2, keyEnd) && isAscii(bytes, view, at, end);
  }
  if (tag === 0x21) return end - at === 8 && isAscii(bytes, view, pos + 2, keyEnd);
  if (tag !== 0x18 && tag !== 0x10) return false;
  for (const last = end - 1; at < last; at++) {
    if (bytes[at]! < 0x80) return false;
  }
  return bytes[end - 1]! < 0x80 && end - keyEnd <= 12 && isAscii(bytes, view, pos + 2, keyEnd);
}
