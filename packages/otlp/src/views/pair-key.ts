import { LEN, wrongWireType } from "../wire/reader.ts";
import type { WireReader } from "../wire/reader.ts";
import { commonFieldEnd, contentStart, fieldEnd, tagAt } from "../wire/scan.ts";

/** Offset of the first KeyValue frame with this key among the fields number `field` in `[start, end)`, -1 when there is none. */
export function findPair(bytes: Uint8Array, start: number, end: number, field: number, key: Uint8Array, slow: WireReader): number {
  const expected = (field << 3) | LEN;
  const keyLength = key.length;
  for (let pos = start; pos < end;) {
    const at = pos;
    const tag = bytes[at]!;
    // Read here and not by shortFieldEnd: a search spends its time in this loop, and this halves it for a key that is not there.
    if (tag === expected && at + 2 < end) {
      const first = bytes[at + 1]!;
      const second = bytes[at + 2]!;
      const content = first < 0x80 ? at + 2 : at + 3;
      const next = content + (first < 0x80 ? first : (first & 0x7f) | (second << 7));
      if (next <= end && (first < 0x80 || second < 0x80)) {
        const length = plainKeyLength(bytes, content, next);
        pos = next;
        if (length < 0) {
          if (lastKeyEquals(bytes, content, next, key, slow)) return at;
        } else if (length === keyLength && sameBytes(bytes, content + 2, key)) return at;
        continue;
      }
    } else if (tag >>> 3 !== field) {
      const next = commonFieldEnd(bytes, at, end);
      if (next >= 0) {
        pos = next;
        continue;
      }
    }
    pos = fieldEnd(bytes, at, end, slow);
    const slowTag = tagAt(bytes, at);
    if (slowTag >>> 3 !== field) continue;
    if (slowTag !== expected) throw wrongWireType(slowTag, LEN, at, slow.path);
    if (pairHasKey(bytes, contentStart(bytes, at), pos, key, slow)) return at;
  }
  return -1;
}

/** Whether the KeyValue at `bytes[start, end)` has this key:  1 key string  2 value AnyValue */
export function pairHasKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array, slow: WireReader): boolean {
  const length = plainKeyLength(bytes, start, end);
  if (length < 0) return lastKeyEquals(bytes, start, end, key, slow);
  return length === key.length && sameBytes(bytes, start + 2, key);
}

/**
 * Length of the key if the KeyValue has the form of almost every pair, a short key, then a value up to the end; else -1.
 *
 *     0a keyLength key  12 valueLength value
 */
export function plainKeyLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 5) return -1;
  const length = bytes[start + 1]!;
  const value = start + 2 + length;
  if (bytes[start] !== 0x0a || length > 0x7f || value + 2 >= end || bytes[value] !== 0x12) return -1;
  const size = bytes[value + 1]!;
  const rest = end - value - 2;
  if (size < 0x80) return size === rest ? length : -1;
  return ((size & 0x7f) | (bytes[value + 2]! << 7)) === rest - 1 ? length : -1;
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
