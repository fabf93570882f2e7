import { FIXED32, FIXED64, LEN, VARINT, WireReader } from "./reader.ts";

/*
 * Walking fields with plain numbers: several times faster than a reader object, which stores every step.
 * The common shapes are handled here (one-byte tag; length of one or two bytes; one-byte varint; two-byte tag of a fixed32);
 * all others, and all faults, go through the reader.
 */

/** End of the field at `pos`, which lies before `end`. Throws WireError when the field does not fit or is malformed. */
export function fieldEnd(bytes: Uint8Array, pos: number, end: number, slow: WireReader): number {
  const next = commonFieldEnd(bytes, pos, end);
  if (next >= 0) return next;
  slow.reset(bytes, pos, end);
  slow.skip(slow.tag());
  return slow.pos;
}

/** By first byte: the size of a field with a one-byte tag and a value of fixed width, or of a varint if that has one byte; else 0. */
const sizes: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, tag) => {
  const shape = tag < 8 ? -1 : tag & 0x87;
  return shape === FIXED64 ? 9 : shape === FIXED32 ? 5 : shape === VARINT ? 2 : 0;
});

/**
 * End of the field at `pos` if it has a common shape and fits, else -1, which `fieldEnd` then sorts out. Small, and with
 * a table in the place of branches, so that loops over fields inline it.
 */
export function commonFieldEnd(bytes: Uint8Array, pos: number, end: number): number {
  const tag = bytes[pos]!;
  if ((tag & 0x87) === LEN) return tag > 7 ? shortFieldEnd(bytes, pos, end) : -1;
  const size = sizes[tag]!;
  const next = pos + size;
  return size > 0 && next <= end && (size > 2 || bytes[pos + 1]! < 0x80) ? next : -1;
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
