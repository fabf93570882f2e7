import { LEN, wrongWireType } from "../wire/reader.ts";
import type { WireReader } from "../wire/reader.ts";
import type { RecordBytes } from "./message-view.ts";
import { commonFieldEnd, contentStart, fieldEnd, shortFieldEnd, shortFieldStart, tagAt } from "../wire/scan.ts";

/** Offset of the first KeyValue frame with this key among the fields number `field` of a record, -1 when there is none. */
export function findPair(record: RecordBytes, field: number, key: Uint8Array, slow: WireReader): number {
  const { bytes, start, end, ordered } = record;
  const expected = (field << 3) | LEN;
  for (let pos = start; pos < end;) {
    const at = pos;
    const tag = bytes[at]!;
    let content = -1;
    if (tag === expected) {
      pos = shortFieldEnd(bytes, at, end);
      content = shortFieldStart(bytes, at);
    } else if (tag > expected && ordered === true) return -1;
    else {
      pos = commonFieldEnd(bytes, at, end);
      if (pos >= 0 && tag >>> 3 !== field) continue;
      pos = -1;
    }
    if (pos < 0) {
      pos = fieldEnd(bytes, at, end, slow);
      content = pairContent(bytes, at, field, slow.path);
    }
    if (content >= 0 && pairHasKey(bytes, content, pos, key, slow)) return at;
  }
  return -1;
}

/** Start of the content of the checked field at `at`, -1 when it is another than `field`. */
function pairContent(bytes: Uint8Array, at: number, field: number, path: string): number {
  const tag = tagAt(bytes, at);
  if (tag >>> 3 !== field) return -1;
  if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, path);
  return contentStart(bytes, at);
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
