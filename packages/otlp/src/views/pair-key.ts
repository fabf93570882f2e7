import { LEN, wrongWireType } from "../wire/reader.ts";
import type { WireReader } from "../wire/reader.ts";
import { contentStart, fieldEnd, tagAt } from "../wire/scan.ts";

/** Whether the KeyValue at `bytes[start, end)` has this key:  1 key string  2 value AnyValue */
export function pairHasKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array, slow: WireReader): boolean {
  if (end - start > 4 && bytes[start] === 0x0a) {
    // Almost every pair is a short key, then a value up to the end:  0a len key  12 len value
    const length = bytes[start + 1]!;
    const value = start + 2 + length;
    if (length < 0x80 && value + 2 < end && bytes[value] === 0x12) {
      const size = bytes[value + 1]!;
      const rest = end - value;
      if (size === rest - 2 ? size < 0x80 : size > 0x7f && ((size & 0x7f) | (bytes[value + 2]! << 7)) === rest - 3) {
        return length === key.length && sameBytes(bytes, start + 2, key);
      }
    }
  }
  return lastKeyEquals(bytes, start, end, key, slow);
}

/** The general case: fields in any order, the last key counts. */
function lastKeyEquals(bytes: Uint8Array, start: number, end: number, key: Uint8Array, slow: WireReader): boolean {
  let keyStart = start;
  let keyEnd = start;
  for (let pos = start; pos < end;) {
    const at = pos;
    pos = fieldEnd(bytes, at, end, slow);
    const tag = tagAt(bytes, at);
    if (tag >>> 3 !== 1) continue;
    if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, slow.path);
    keyStart = contentStart(bytes, at);
    keyEnd = pos;
  }
  return keyEnd - keyStart === key.length && sameBytes(bytes, keyStart, key);
}

function sameBytes(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  // Names share beginnings ("http.request."), so compare from the end.
  for (let i = key.length - 1; i >= 0; i--) if (bytes[start + i] !== key[i]) return false;
  return true;
}
