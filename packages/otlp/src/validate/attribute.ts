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
  if (bytes[at] === 0x0a) return isPlainString(bytes, view, pos + 2, keyEnd, at + 1, end);
  return isNumber(bytes, at, end) && isAscii(bytes, view, pos + 2, keyEnd);
}

/** Whether length and text of an ASCII string fill `[at, end)`, and the key before it is ASCII too. */
function isPlainString(bytes: Uint8Array, view: DataView, key: number, keyEnd: number, at: number, end: number): boolean {
  const length = bytes[at]!;
  // One-byte lengths are ASCII too, so the test may run across them.
  if (length < 0x80) return at + 1 + length === end && isAscii(bytes, view, key, end);
  const high = bytes[at + 1]!;
  if (high >= 0x80 || at + 2 + ((length & 0x7f) | (high << 7)) !== end) return false;
  return isAscii(bytes, view, key, keyEnd) && isAscii(bytes, view, at + 2, end);
}

/** Whether `[at, end)` is one double, or one bool or int of at most nine bytes. */
function isNumber(bytes: Uint8Array, at: number, end: number): boolean {
  const tag = bytes[at]!;
  if (tag === 0x21) return end - at === 9;
  if ((tag !== 0x18 && tag !== 0x10) || end - at > 10) return false;
  const last = end - 1;
  for (let next = at + 1; next < last; next++) {
    if (bytes[next]! < 0x80) return false;
  }
  return bytes[last]! < 0x80;
}
