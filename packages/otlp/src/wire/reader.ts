import { decodeUtf8 } from "./utf8.ts";
import { WireError } from "./wire-error.ts";

/** Protobuf wire types that OTLP uses; groups (3 and 4) are refused. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LEN = 2;
export const FIXED32 = 5;

/**
 * Checked reader over `bytes[pos, end)`. Every method reads at `pos` and moves it; nothing reads past `end`.
 * `path` only serves error messages. One reader is meant to be reused: set `pos` and `end`, or call `reset`.
 */
export class WireReader {
  bytes: Uint8Array;
  pos: number;
  end: number;
  path: string;
  /** Low and high 32 bits (unsigned) of the last varint or fixed64 read. */
  low = 0;
  high = 0;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length, path = "") {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
    this.path = path;
  }

  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) this.#view = undefined;
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
  }

  /** Reads `field << 3 | wireType`. Throws on field number 0, groups and wire types 6 and 7. */
  tag(): number {
    const start = this.pos;
    const first = start < this.end ? this.bytes[start]! : 0x80;
    let tag = first;
    if (first < 0x80) this.pos = start + 1;
    else {
      this.varint();
      if (this.high !== 0) throw new WireError("tag", start, this.path, "the field number is above 2^29-1");
      tag = this.low;
    }
    const wire = tag & 7;
    if (tag < 8 || wire === 3 || wire === 4 || wire > 5) throw badTag(tag, start, this.path);
    return tag;
  }

  /** Reads a varint of at most 64 bits into `low` and `high`. */
  varint(): void {
    const { bytes, end, pos: start } = this;
    let pos = start;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (pos >= end) throw new WireError("truncated", start, this.path, "the message ends inside a varint");
      const byte = bytes[pos++]!;
      if (shift === 63 && byte > 1) throw new WireError("varint", start, this.path, "the varint does not fit 64 bits");
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
    this.pos = pos;
  }

  /** uint32, enum without sign: the low 32 bits, as protobuf truncates. */
  uint32(): number {
    const byte = this.pos < this.end ? this.bytes[this.pos]! : 0x80;
    if (byte < 0x80) {
      this.pos++;
      return byte;
    }
    // Lengths of items and their envelopes mostly take two bytes.
    const second = this.pos + 1 < this.end ? this.bytes[this.pos + 1]! : 0x80;
    if (second < 0x80) {
      this.pos += 2;
      return (byte & 0x7f) | (second << 7);
    }
    this.varint();
    return this.low;
  }

  /** int32 and enums: negative values come as ten-byte varints. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** sint32 (zigzag). */
  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  uint64(): bigint {
    this.varint();
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** Unsigned 64 bits: a number while it is a safe integer, else a bigint. */
  uint64Number(): number | bigint {
    this.varint();
    return unsignedNumber(this.low, this.high);
  }

  /** Signed 64 bits: a number while it is a safe integer, else a bigint. */
  int64Number(): number | bigint {
    this.varint();
    return signedNumber(this.low, this.high);
  }

  fixed32(): number {
    this.#need(4);
    const { bytes, pos } = this;
    this.pos = pos + 4;
    return (bytes[pos]! | (bytes[pos + 1]! << 8) | (bytes[pos + 2]! << 16) | (bytes[pos + 3]! << 24)) >>> 0;
  }

  /** Reads a fixed64 or sfixed64 into `low` and `high`. */
  fixed64Parts(): void {
    this.#need(8);
    this.low = this.fixed32();
    this.high = this.fixed32();
  }

  fixed64(): bigint {
    this.fixed64Parts();
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  sfixed64(): bigint {
    return BigInt.asIntN(64, this.fixed64());
  }

  double(): number {
    this.#need(8);
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    const value = this.#view.getFloat64(this.pos, true);
    this.pos += 8;
    return value;
  }

  /** Reads a length prefix and checks that the content fits; `pos` then stands at the content. */
  length(): number {
    const start = this.pos;
    const length = this.uint32();
    if (this.pos - start > 4 && this.high !== 0) throw this.#badLength(start, this.high * 2 ** 32 + length);
    if (length > this.end - this.pos) throw this.#badLength(start, length);
    return length;
  }

  /** A copy-free view of a bytes field; shares memory with the message. */
  bytesField(): Uint8Array {
    const length = this.length();
    const start = this.pos;
    this.pos = start + length;
    return this.bytes.subarray(start, start + length);
  }

  string(): string {
    const length = this.length();
    const start = this.pos;
    this.pos = start + length;
    return decodeUtf8(this.bytes, start, start + length, this.path);
  }

  /** Skips the value of a field with the given tag (or bare wire type). */
  skip(tag: number): void {
    const wire = tag & 7;
    if (wire === LEN) {
      const length = this.length();
      this.pos += length;
    } else if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.#advance(8);
    else if (wire === FIXED32) this.#advance(4);
    else throw badTag(tag, this.pos, this.path);
  }

  #advance(count: number): void {
    this.#need(count);
    this.pos += count;
  }

  #need(count: number): void {
    if (this.end - this.pos < count)
      throw new WireError(
        "truncated",
        this.pos,
        this.path,
        `a ${count * 8}-bit value needs ${count} bytes, ${this.end - this.pos} are left`,
      );
  }

  #badLength(offset: number, length: number): WireError {
    return new WireError("length", offset, this.path, `the field claims ${length} bytes, ${this.end - this.pos} are left in its message`);
  }
}

/** Number while it is a safe integer, else bigint, of two unsigned halves. */
export function unsignedNumber(low: number, high: number): number | bigint {
  if (high < 0x20_0000) return high * 2 ** 32 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The same for two's complement. */
export function signedNumber(low: number, high: number): number | bigint {
  if (high < 0x20_0000) return high * 2 ** 32 + low;
  const value = (high | 0) * 2 ** 32 + low;
  if (Number.isSafeInteger(value)) return value;
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

/** The error for an impossible tag, or for a field whose wire type is not the expected one. */
export function badTag(tag: number, offset: number, path: string): WireError {
  const wire = tag & 7;
  if (tag >= 8 && (wire === 3 || wire === 4))
    return new WireError("wire_type", offset, path, `field ${tag >>> 3} is a group; OTLP has none`);
  if (tag < 8) return new WireError("tag", offset, path, "field number 0 does not exist");
  return new WireError("tag", offset, path, `wire type ${wire} does not exist`);
}

/** The error for a known field that came with another wire type. */
export function wrongWireType(tag: number, expected: number, offset: number, path: string): WireError {
  return new WireError("wire_type", offset, path, `field ${tag >>> 3} has wire type ${tag & 7} where OTLP has ${expected}`);
}
