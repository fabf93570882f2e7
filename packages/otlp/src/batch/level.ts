import { WireError } from "../wire/wire-error.ts";

/*
 * Rows of the offset index. All offsets are byte positions in the received request.
 *
 *   item row      frame  start  end  parent
 *   envelope row  frame  start  end  parent  firstChild  childBytes  ownStart  ownEnd  ownBytes  schemaStart  schemaEnd
 *   metric row    frame  start  end  parent  firstChild  childBytes
 *   data row      frame  start  end  parent  firstChild  childBytes  field     temporality  monotonic
 *
 * [frame, start) is tag and length prefix, [start, end) the content. A row's children are the rows
 * firstChild .. next row's firstChild of the level below, childBytes the sum of their frames.
 * "own" is the Resource or InstrumentationScope of the envelope: content of the last occurrence, frame bytes of all.
 */
export const FRAME = 0;
export const START = 1;
export const END = 2;
export const PARENT = 3;
export const ITEM_STRIDE = 4;

export const FIRST_CHILD = 4;
export const CHILD_BYTES = 5;
export const METRIC_STRIDE = 6;

export const OWN_START = 6;
export const OWN_END = 7;
export const OWN_BYTES = 8;
export const SCHEMA_START = 9;
export const SCHEMA_END = 10;
export const ENVELOPE_STRIDE = 11;

export const DATA_FIELD = 6;
export const TEMPORALITY = 7;
export const MONOTONIC = 8;
export const DATA_STRIDE = 9;

/** Small rows share the pool of Buffer: an allocation of its own costs more than indexing a request. */
function makeRows(length: number): Int32Array {
  const memory = Buffer.allocUnsafe(length * Int32Array.BYTES_PER_ELEMENT);
  return new Int32Array(memory.buffer, memory.byteOffset, length);
}

/** One nesting level of a request: resources, scopes, metrics, metric data, or items. */
export class Level {
  readonly stride: number;
  rows: Int32Array;
  count = 0;
  readonly #maxRows: number;

  /** More than `maxRows` rows are refused: a request of empty messages must not cost many times its size. */
  constructor(stride: number, capacity: number, maxRows: number) {
    this.stride = stride;
    this.#maxRows = maxRows;
    this.rows = makeRows(stride * (capacity + 1));
  }

  /** Appends a row and returns its offset in `rows`; the slots after PARENT are for the caller to write, all of them. */
  add(frame: number, start: number, end: number, parent: number): number {
    const at = this.count * this.stride;
    if (at + 2 * this.stride > this.rows.length) this.#grow(frame);
    const rows = this.rows;
    rows[at] = frame;
    rows[at + 1] = start;
    rows[at + 2] = end;
    rows[at + 3] = parent;
    this.count++;
    return at;
  }

  /** Makes room for `count` more rows, as far as rows are allowed: exactly at first, then at least twice what there is. */
  reserve(count: number): void {
    const needed = (Math.min(this.count + count, this.#maxRows + 1) + 1) * this.stride;
    if (needed <= this.rows.length) return;
    this.#resize(this.count === 0 ? needed : Math.max(needed, this.#doubled()));
  }

  /** Forgets the rows from `count` on. */
  truncate(count: number): void {
    this.count = count;
  }

  /** Writes the row after the last one, whose firstChild closes the last row's children. */
  seal(childCount: number): void {
    this.rows[this.count * this.stride + FIRST_CHILD] = childCount;
  }

  #grow(offset: number): void {
    if (this.count >= this.#maxRows) {
      throw new WireError("too_large", offset, "", "the request consists of nearly empty messages; leave them out");
    }
    this.#resize(this.#doubled());
  }

  #doubled(): number {
    return Math.min(this.rows.length * 2, this.stride * (this.#maxRows + 2));
  }

  #resize(length: number): void {
    const grown = makeRows(length);
    grown.set(this.rows);
    this.rows = grown;
  }
}
