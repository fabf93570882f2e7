import { WireReader, wrongWireType } from "../wire/reader.ts";
import { afterVarint, commonFieldEnd, fieldEnd, tagAt } from "../wire/scan.ts";
import type { PairHash } from "./hash.ts";
import { hex } from "./hex.ts";

const noBytes: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

// Every field of OTLP 1.11 has a number below 32.
const tableFields = 32;
const tableTags = tableFields * 8;

/** Wire type per field number; -1 for numbers that are unknown or read in another way. */
export type FieldWires = Int8Array;

/** Wire types of fields 1, 2, 3 … */
export function fieldWires(...wires: readonly number[]): FieldWires {
  const table = new Int8Array(tableFields).fill(-1);
  table.set(wires, 1);
  return table;
}

/** Where a message lies. */
export interface RecordBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Whether its fields are known to stand in the order of their numbers. */
  readonly ordered?: boolean;
}

/**
 * A message at `bytes[start, end)`. Reading a field scans the top level once and notes where each field's value lies (the
 * last occurrence of each), so that getters need no search; of an ordered message no further than the field that is read.
 */
export abstract class MessageView implements RecordBytes {
  bytes: Uint8Array = noBytes;
  start = 0;
  end = 0;
  protected wires: FieldWires;
  protected readonly path: string;
  protected readonly reader: WireReader = new WireReader(noBytes);
  ordered = false;
  readonly #offsets: Int32Array;
  /** Where the scan stands, and the first field number that it has not passed; 0 before it. */
  #scanAt = 0;
  #scanned = 0;

  constructor(wires: FieldWires, path: string) {
    this.wires = wires;
    this.path = path;
    this.#offsets = new Int32Array(16);
    this.reader.path = path;
  }

  /** Points the view at another record. */
  moveTo(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.ordered = false;
    this.rescan();
    return this;
  }

  /** Forgets what is known of the record before. */
  protected rescan(): void {
    this.#scanned = 0;
  }

  /** Offset of the value of `field`, 0 when absent. */
  protected field(field: number): number {
    if (field >= this.#scanned) this.#scan(field);
    return this.#offsets[field - 1]!;
  }

  #scan(field: number): void {
    const { bytes, end, wires } = this;
    const offsets = this.#offsets;
    if (this.#scanned === 0) {
      for (let each = 0; each < offsets.length; each++) offsets[each] = 0;
      this.#scanAt = this.start;
    }
    // Tags of the field itself and of smaller ones are below this; an unordered message is scanned to its end.
    const limit = this.ordered ? (field + 1) << 3 : 2 ** 31;
    let pos = this.#scanAt;
    while (pos < end) {
      const at = pos;
      let tag = bytes[at]!;
      if (tag >= limit && tag < 0x80) {
        this.#scanAt = at;
        this.#scanned = tag >>> 3;
        return;
      }
      let value = at + 1;
      pos = commonFieldEnd(bytes, at, end);
      if (pos < 0) {
        pos = fieldEnd(bytes, at, end, this.reader);
        if (tag > 0x7f) {
          tag = tagAt(bytes, at);
          value = afterVarint(bytes, at);
        }
      }
      const wire = tag < tableTags ? wires[tag >>> 3]! : -1;
      if (wire === (tag & 7)) offsets[(tag >>> 3) - 1] = value;
      else if (wire >= 0) throw wrongWireType(tag, wire, at, this.path);
    }
    this.#scanned = tableFields;
  }

  /** The reader at the value of `field`, or undefined when it is absent. */
  protected at(field: number): WireReader | undefined {
    const offset = this.field(field);
    if (offset === 0) return undefined;
    this.reader.reset(this.bytes, offset, this.end);
    return this.reader;
  }

  protected uint32(field: number): number {
    return this.at(field)?.uint32() ?? 0;
  }

  protected int32(field: number): number {
    return this.at(field)?.int32() ?? 0;
  }

  protected fixed32(field: number): number {
    return this.at(field)?.fixed32() ?? 0;
  }

  protected fixed64(field: number): bigint {
    return this.at(field)?.fixed64() ?? 0n;
  }

  protected double(field: number): number | undefined {
    return this.at(field)?.double();
  }

  protected string(field: number): string {
    return this.at(field)?.string() ?? "";
  }

  protected bytesOf(field: number): Uint8Array {
    return this.at(field)?.bytesField() ?? noBytes;
  }

  protected hexOf(field: number): string {
    const reader = this.at(field);
    if (reader === undefined) return "";
    const length = reader.length();
    return hex(this.bytes, reader.pos, reader.pos + length);
  }

  /** Offset of the last seven bytes of a 16-byte trace id, 0 when there is none. */
  protected randomBytesOf(field: number): number {
    const reader = this.at(field);
    return reader !== undefined && reader.length() === 16 ? reader.pos + 9 : 0;
  }

  /** Copies a 16-byte id; false when there is none. */
  protected copyId(field: number, target: Uint8Array): boolean {
    const { bytes } = this;
    const offset = this.field(field);
    let start = offset + 1;
    if (bytes[offset] !== 16 || offset === 0) {
      const reader = this.at(field);
      if (reader === undefined || reader.length() !== 16) return false;
      start = reader.pos;
    }
    for (let at = 0; at < 16; at++) target[at] = bytes[start + at]!;
    return true;
  }

  /** Adds the bytes of a string or bytes field to a hash; absent counts as empty. */
  hashField(field: number, hash: PairHash): void {
    const reader = this.at(field);
    const length = reader?.length() ?? 0;
    const start = reader?.pos ?? 0;
    hash.bytes(this.bytes, start, start + length);
  }
}

/** Upper 28 of the 56 bits at `offset`. */
export function high28(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 20) | (bytes[offset + 1]! << 12) | (bytes[offset + 2]! << 4) | (bytes[offset + 3]! >>> 4);
}

/** Lower 28 of the 56 bits at `offset`. */
export function low28(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 3]! & 15) << 24) | (bytes[offset + 4]! << 16) | (bytes[offset + 5]! << 8) | bytes[offset + 6]!;
}
