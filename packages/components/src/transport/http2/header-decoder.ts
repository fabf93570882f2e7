import { ConnectionError, ERROR, StreamError } from "./frame.ts";
import type { HuffmanDecoder } from "./huffman.ts";
import { STATIC_TABLE } from "./static-table.ts";

/** A header field as it came. */
export type Field = readonly [name: string, value: string];

/** RFC 7541 4.1: what an entry costs beside its text. */
const ENTRY_OVERHEAD = 32;
/** The standard of SETTINGS_HEADER_TABLE_SIZE, which we never change. */
const TABLE_LIMIT = 4096;
/** Longer integers are attacks: no length or index of ours needs more. */
const MAX_INTEGER = 2 ** 24;

/** Decodes the header blocks of one connection (HPACK, RFC 7541), in the order in which they came. */
export class HeaderDecoder {
  /** Grows when the dynamic table or its size changes: equal blocks mean equal fields as long as it stays. */
  version = 0;
  readonly #huffman: HuffmanDecoder;
  readonly #maxListBytes: number;
  /** Newest last. */
  #entries: Field[] = [];
  #size = 0;
  #limit = TABLE_LIMIT;
  #at = 0;

  /** `maxListBytes` bounds the fields of one block, names and values and 32 bytes each. */
  constructor(huffman: HuffmanDecoder, maxListBytes: number) {
    this.#huffman = huffman;
    this.#maxListBytes = maxListBytes;
  }

  /**
   * @throws ConnectionError for what is no HPACK: the table is then lost, and the connection with it.
   * @throws StreamError for more than a client may send; it is read to its end without being kept.
   */
  decode(block: Uint8Array): Field[] {
    const fields: Field[] = [];
    let listBytes = 0;
    this.#at = 0;
    while (this.#at < block.length) {
      const field = this.#next(block, listBytes === 0);
      if (field === undefined) continue;
      listBytes += costOf(field);
      if (listBytes <= this.#maxListBytes) fields.push(field);
    }
    if (listBytes > this.#maxListBytes)
      throw new StreamError(ERROR.ENHANCE_YOUR_CALM, `more than ${this.#maxListBytes} bytes of header fields`);
    return fields;
  }

  /**
   * RFC 7541 6:  1xxxxxxx indexed · 01xxxxxx literal, to be remembered · 001xxxxx size of the table · 0000xxxx and 0001xxxx literal
   */
  #next(block: Uint8Array, isFirst: boolean): Field | undefined {
    const byte = block[this.#at] as number;
    if (byte >= 0x80) return this.#lookup(this.#integer(block, 0x7f));
    if (byte >= 0x40) {
      const field = this.#literal(block, 0x3f);
      this.#remember(field);
      return field;
    }
    if (byte < 0x20) return this.#literal(block, 0x0f);
    if (!isFirst) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "the table changes its size in the middle of a block");
    const limit = this.#integer(block, 0x1f);
    if (limit > TABLE_LIMIT) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "a larger table than was allowed");
    this.#limit = limit;
    this.version += 1;
    this.#shrink(limit);
    return undefined;
  }

  #literal(block: Uint8Array, mask: number): Field {
    const index = this.#integer(block, mask);
    const name = index === 0 ? this.#text(block) : this.#lookup(index)[0];
    return [name, this.#text(block)];
  }

  #lookup(index: number): Field {
    const field =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#entries[this.#entries.length - (index - STATIC_TABLE.length)];
    if (field === undefined) throw new ConnectionError(ERROR.COMPRESSION_ERROR, `no header field has the index ${index}`);
    return field;
  }

  /** RFC 7541 5.1: the low bits of the first byte, and seven bits of each that follows when these are all set. */
  #integer(block: Uint8Array, mask: number): number {
    let value = (block[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = block[this.#at++];
      if (byte === undefined) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "a header block ends in an integer");
      value += (byte & 0x7f) * 2 ** shift;
      if (value > MAX_INTEGER || shift > 28) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "an integer is too large");
      if (byte < 0x80) return value;
    }
  }

  #text(block: Uint8Array): string {
    const isPacked = ((block[this.#at] ?? 0) & 0x80) !== 0;
    if (this.#at >= block.length) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "a header block ends before a text");
    const length = this.#integer(block, 0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > block.length) throw new ConnectionError(ERROR.COMPRESSION_ERROR, "a text is longer than its header block");
    this.#at = end;
    if (isPacked) return this.#huffman.decode(block, start, end);
    return Buffer.from(block.buffer, block.byteOffset + start, length).toString("latin1");
  }

  #remember(field: Field): void {
    this.version += 1;
    const cost = costOf(field);
    this.#shrink(this.#limit - cost);
    if (cost > this.#limit) return;
    this.#entries.push(field);
    this.#size += cost;
  }

  #shrink(limit: number): void {
    let gone = 0;
    while (this.#size > limit && gone < this.#entries.length) this.#size -= costOf(this.#entries[gone++] as Field);
    if (gone === 0) return;
    this.version += 1;
    this.#entries = this.#entries.slice(gone);
  }
}

function costOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}
