import { shortFieldEnd, shortFieldStart } from "../wire/scan.ts";
import { decodeUtf8 } from "../wire/utf8.ts";
import { plainKeyLength } from "./pair-key.ts";

/** Varints of at most this many bytes make a number without the sign and the high half of an int64. */
const shortVarint = 4;

/**
 * Value of the KeyValue at `bytes[start, end)` if it has the form that every SDK writes; undefined when it has another, which
 * the general decoder then reads. This is the shortcut past three nested loops over fields.
 *
 *     0a keyLength key  12 valueLength  0a length text | 10 bool | 18 varint
 */
export function decodePlainValue(bytes: Uint8Array, start: number, end: number, path: string): string | boolean | number | undefined {
  const keyLength = plainKeyLength(bytes, start, end);
  if (keyLength < 0) return undefined;
  const at = shortFieldStart(bytes, start + 2 + keyLength);
  const tag = bytes[at]!;
  if (tag === 0x0a) {
    if (shortFieldEnd(bytes, at, end) !== end) return undefined;
    return decodeUtf8(bytes, shortFieldStart(bytes, at), end, path);
  }
  const size = end - at - 1;
  if (tag === 0x10) return size === 1 && bytes[at + 1]! < 2 ? bytes[at + 1] === 1 : undefined;
  if (tag !== 0x18 || size < 1 || size > shortVarint) return undefined;
  return shortInteger(bytes, at + 1, end);
}

/** The varint that fills `bytes[start, end)`, undefined when it ends before or after. */
function shortInteger(bytes: Uint8Array, start: number, end: number): number | undefined {
  const last = end - 1;
  let value = 0;
  for (let pos = last; pos >= start; pos--) {
    const byte = bytes[pos]!;
    if (byte > 0x7f === (pos === last)) return undefined;
    value = (value << 7) | (byte & 0x7f);
  }
  return value;
}
