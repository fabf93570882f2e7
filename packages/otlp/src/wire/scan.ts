import { FIXED32, FIXED64, LEN, VARINT, WireReader } from "./reader.ts";

/*
 * Walking fields with plain numbers: several times faster than a reader object, which stores every step.
 * The common shapes are handled here (one-byte tag; length of one or two bytes; one-byte varint; two-byte tag of a fixed32);
 * all others, and all faults, go through the reader.
 */

/** End of the field at `pos`, which lies before `end`. Throws WireError when the field does not fit or is malformed. */
export function fieldEnd(bytes: Uint8Array, pos: number, end: number, slow: WireReader): number {
  if (end - pos > 2) {
    const tag = bytes[pos]!;
    const first = bytes[pos + 1]!;
    let next = end + 1;
    switch (tag & 0x87) {
      case LEN:
        if (first < 0x80) next = pos + 2 + first;
        else if (bytes[pos + 2]! < 0x80) next = pos + 3 + ((first & 0x7f) | (bytes[pos + 2]! << 7));
        break;
      case VARINT:
        if (first < 0x80) next = pos + 2;
        break;
      case FIXED64:
        next = pos + 9;
        break;
      case FIXED32:
        next = pos + 5;
        break;
      case 0x80 | FIXED32:
        if (first < 0x80 && first > 0) next = pos + 6;
        break;
    }
    if (next <= end && tag > 7) return next;
  }
  slow.reset(bytes, pos, end);
  slow.skip(slow.tag());
  return slow.pos;
}

/**
 * End of the length-delimited field with a one-byte tag at `pos`; -1 when its length takes more than two bytes or it does
 * not fit, which `fieldEnd` then sorts out. Small enough to be inlined into the loops over attributes and items.
 */
export function shortFieldEnd(bytes: Uint8Array, pos: number, end: number): number {
  if (end - pos < 3) return -1;
  const first = bytes[pos + 1]!;
  let next = pos + 2 + first;
  if (first > 0x7f) {
    const second = bytes[pos + 2]!;
    if (second > 0x7f) return -1;
    next = pos + 3 + ((first & 0x7f) | (second << 7));
  }
  return next <= end ? next : -1;
}

/** Start of the content of a field that `shortFieldEnd` has found sound. */
export function shortFieldStart(bytes: Uint8Array, pos: number): number {
  return bytes[pos + 1]! < 0x80 ? pos + 2 : pos + 3;
}

/** The tag of a field that `fieldEnd` has checked. */
export function tagAt(bytes: Uint8Array, pos: number): number {
  const first = bytes[pos]!;
  if (first < 0x80) return first;
  const second = bytes[pos + 1]!;
  if (second < 0x80) return (first & 0x7f) | (second << 7);
  return new WireReader(bytes, pos).tag();
}

/** Offset after the varint at `pos`, which has been checked. */
export function afterVarint(bytes: Uint8Array, pos: number): number {
  let at = pos;
  while (bytes[at]! > 0x7f) at++;
  return at + 1;
}

/** Start of the content of the length-delimited field at `pos`, which `fieldEnd` has checked. */
export function contentStart(bytes: Uint8Array, pos: number): number {
  return afterVarint(bytes, afterVarint(bytes, pos));
}
