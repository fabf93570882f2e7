import { LEN } from "../wire/reader.ts";
import { copyRange, WireWriter, writeVarint32 } from "../wire/writer.ts";

/** Takes the pieces of an encoding in order. */
export interface ByteSink {
  range(bytes: Uint8Array, start: number, end: number): void;
  /** Tag and length prefix of a sub-message. */
  header(field: number, length: number): void;
}

/** Fills one buffer of known size. */
export class BufferSink implements ByteSink {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  range(bytes: Uint8Array, start: number, end: number): void {
    copyRange(bytes, start, end, this.bytes, this.#at);
    this.#at += end - start;
  }

  header(field: number, length: number): void {
    this.bytes[this.#at] = (field << 3) | LEN;
    this.#at = writeVarint32(this.bytes, this.#at + 1, length);
  }
}

// A copy of this many bytes costs less than one more entry in a gather list.
const smallRange = 256;

/** Makes a gather list: large ranges are shared, small ones and headers are gathered in chunks of their own. */
export class ChunkSink implements ByteSink {
  readonly #chunks: Uint8Array[] = [];
  readonly #small = new WireWriter(256);

  range(bytes: Uint8Array, start: number, end: number): void {
    if (end - start <= smallRange) {
      this.#small.raw(bytes, start, end);
      return;
    }
    this.#flush();
    this.#chunks.push(bytes.subarray(start, end));
  }

  header(field: number, length: number): void {
    this.#small.tag(field, LEN);
    this.#small.varint32(length);
  }

  finish(): Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  #flush(): void {
    if (this.#small.length > 0) this.#chunks.push(this.#small.finish());
    this.#small.length = 0;
  }
}
