import { FIXED32, FIXED64, LEN, VARINT } from "./reader.ts";
import { encodeUtf8Into } from "./utf8.ts";
import { WireError } from "./wire-error.ts";

/** Growable protobuf writer. `bytes` may be replaced when it grows; offsets stay valid. */
export class WireWriter {
  bytes: Uint8Array;
  /** Bytes written so far. */
  length = 0;
  readonly #limit: number;
  #view: DataView | undefined;

  /** Growing beyond `limit` bytes throws WireError "too_large". */
  constructor(capacity = 256, limit: number = Number.POSITIVE_INFINITY) {
    this.bytes = new Uint8Array(capacity);
    this.#limit = limit;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    if (needed > this.#limit) {
      throw new WireError(
        "too_large",
        this.length,
        "",
        `the message takes more than ${this.#limit} bytes in binary form; send less at once`,
      );
    }
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#limit, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = undefined;
  }

  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.reserve(end - start);
    copyRange(bytes, start, end, this.bytes, this.length);
    this.length += end - start;
  }

  tag(field: number, wire: number): void {
    this.varint32(((field << 3) | wire) >>> 0);
  }

  /** Unsigned 32-bit varint. */
  varint32(value: number): void {
    this.reserve(5);
    this.length = writeVarint32(this.bytes, this.length, value);
  }

  /** Varint of the 64 bits low + high * 2^32. */
  varint64Parts(low: number, high: number): void {
    this.reserve(10);
    let lo = low >>> 0;
    let hi = high >>> 0;
    let pos = this.length;
    while (hi !== 0 || lo > 0x7f) {
      this.bytes[pos++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.bytes[pos++] = lo;
    this.length = pos;
  }

  /** 64-bit varint (uint64, or int64 as two's complement) of a bigint or a safe integer. */
  varint64(value: bigint | number): void {
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      this.varint64Parts(value >>> 0, Math.floor(value / 2 ** 32) >>> 0);
      return;
    }
    const bits = BigInt.asUintN(64, BigInt(value));
    this.varint64Parts(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }

  uint32Field(field: number, value: number): void {
    this.tag(field, VARINT);
    this.varint32(value >>> 0);
  }

  /** int32 and enums; negative values take ten bytes. */
  int32Field(field: number, value: number): void {
    this.tag(field, VARINT);
    this.varint64(value | 0);
  }

  /** sint32 (zigzag). */
  sint32Field(field: number, value: number): void {
    this.tag(field, VARINT);
    this.varint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  boolField(field: number, value: boolean): void {
    this.tag(field, VARINT);
    this.varint32(value ? 1 : 0);
  }

  /** uint64 and int64. */
  int64Field(field: number, value: bigint | number): void {
    this.tag(field, VARINT);
    this.varint64(value);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.view().setUint32(this.length, value, true);
    this.length += 4;
  }

  fixed64(value: bigint | number): void {
    this.reserve(8);
    this.view().setBigUint64(this.length, BigInt.asUintN(64, BigInt(value)), true);
    this.length += 8;
  }

  double(value: number): void {
    this.reserve(8);
    this.view().setFloat64(this.length, value, true);
    this.length += 8;
  }

  fixed32Field(field: number, value: number): void {
    this.tag(field, FIXED32);
    this.fixed32(value);
  }

  /** fixed64 and sfixed64. */
  fixed64Field(field: number, value: bigint | number): void {
    this.tag(field, FIXED64);
    this.fixed64(value);
  }

  doubleField(field: number, value: number): void {
    this.tag(field, FIXED64);
    this.double(value);
  }

  bytesField(field: number, value: Uint8Array): void {
    this.tag(field, LEN);
    this.varint32(value.length);
    this.raw(value);
  }

  stringField(field: number, value: string): void {
    const mark = this.begin(field);
    this.reserve(value.length * 3);
    this.length = encodeUtf8Into(value, this.bytes, this.length);
    this.end(mark);
  }

  /** Opens a length-delimited field; write its content, then call `end` with the returned mark. */
  begin(field: number): number {
    this.tag(field, LEN);
    this.reserve(1);
    return this.length++;
  }

  /** Closes the field opened by `begin`. One length byte is assumed; longer content is shifted. */
  end(mark: number): void {
    const size = this.length - mark - 1;
    const extra = varintSize(size) - 1;
    if (extra > 0) {
      this.reserve(extra);
      this.bytes.copyWithin(mark + 1 + extra, mark + 1, this.length);
      this.length += extra;
    }
    writeVarint32(this.bytes, mark, size);
  }

  /** A sub-message whose content `body` writes; absent bodies are for empty messages. */
  message(field: number, body?: (writer: this) => void): void {
    const mark = this.begin(field);
    body?.(this);
    this.end(mark);
  }

  /** The same bytes for numbers of several bytes; another one after they have grown. */
  view(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }
}

/** Bytes that an unsigned 32-bit varint takes. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Writes an unsigned 32-bit varint at `at`; returns the end. */
export function writeVarint32(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let pos = at;
  while (rest > 0x7f) {
    target[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[pos++] = rest;
  return pos;
}

/** Copies `source[start, end)` to `target` at `at`. Short ranges skip the cost of a subarray. */
export function copyRange(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > 48) {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end;) target[to++] = source[from++]!;
}
