import { LEN, WireReader, wrongWireType } from "../wire/reader.ts";

/** Whether the KeyValue at `bytes[start, end)` has this key:  1 key string  2 value AnyValue */
export function pairHasKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array, path: string): boolean {
  if (!isPlainPair(bytes, start, end)) return lastKeyEquals(bytes, start, end, key, path);
  return bytes[start + 1] === key.length && sameBytes(bytes, start + 2, key);
}

/**
 * Whether a KeyValue is a key of under 128 bytes followed by a value of under 128 bytes and nothing else,
 * so that its key needs no search:  0a len key  12 len value
 */
function isPlainPair(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x0a || bytes[start + 1]! > 0x7f) return false;
  const value = start + 2 + bytes[start + 1]!;
  return value + 1 < end && bytes[value] === 0x12 && bytes[value + 1] === end - value - 2 && end - value < 0x82;
}

function lastKeyEquals(bytes: Uint8Array, start: number, end: number, key: Uint8Array, path: string): boolean {
  const reader = new WireReader(bytes, start, end, path);
  let keyStart = start;
  let keyEnd = start;
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.tag();
    if (tag >>> 3 === 1) {
      if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, path);
      const length = reader.length();
      keyStart = reader.pos;
      keyEnd = keyStart + length;
      reader.pos = keyEnd;
    } else reader.skip(tag);
  }
  return keyEnd - keyStart === key.length && sameBytes(bytes, keyStart, key);
}

function sameBytes(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  // Names share beginnings ("http.request."), so compare from the end.
  for (let i = key.length - 1; i >= 0; i--) if (bytes[start + i] !== key[i]) return false;
  return true;
}
