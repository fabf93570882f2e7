import type { StoredTotals } from "@tidemark/core";

/** Where a record is. */
export interface RecordPlace {
  readonly segment: Segment;
  readonly id: number;
  readonly at: number;
  readonly bytes: number;
}

/** What the database keeps of a segment: which of its records are done with. */
export interface SegmentMarks {
  readonly number: number;
  readonly salt: number;
  readonly firstId: number;
  /** Records below this id were on the disk when the marks were written. */
  readonly nextId: number;
  /** Bit n stands for the id `firstId` + n. */
  readonly removed: Uint8Array;
}

/** The index of one segment file: plain arrays, because there may be a million records. */
export class Segment {
  readonly number: number;
  readonly path: string;
  readonly salt: number;
  readonly firstId: number;
  /** Its file was that of another segment before. */
  readonly isReused: boolean;
  /** Ids below this one are on the disk, or lost. */
  nextId: number;
  /** Where the next record goes. */
  size: number;
  /** Records that are not removed. */
  live = 0;
  /** Something has changed since the marks were last written. */
  dirty = false;
  /** This process has written it to its full size. */
  isFilled = false;
  readonly #ids: number[] = [];
  readonly #at: number[] = [];
  readonly #bytes: number[] = [];
  readonly #items: number[] = [];
  readonly #payload: number[] = [];
  #removed: Uint8Array = new Uint8Array(8);

  constructor(file: {
    readonly number: number;
    readonly path: string;
    readonly salt: number;
    readonly firstId: number;
    readonly size: number;
    readonly isReused?: boolean;
  }) {
    this.number = file.number;
    this.path = file.path;
    this.salt = file.salt;
    this.firstId = file.firstId;
    this.isReused = file.isReused ?? false;
    this.nextId = file.firstId;
    this.size = file.size;
  }

  /** Records in the index, the removed ones too. */
  get count(): number {
    return this.#ids.length;
  }

  /** Takes a record into the index, in the order of ids; false when the marks say that it is done with. */
  add(id: number, at: number, bytes: number, items: number, payloadBytes: number): boolean {
    this.#ids.push(id);
    this.#at.push(at);
    this.#bytes.push(bytes);
    this.#items.push(items);
    this.#payload.push(payloadBytes);
    this.nextId = Math.max(this.nextId, id + 1);
    this.dirty = true;
    if (this.isRemoved(id)) return false;
    this.live += 1;
    return true;
  }

  /** Index of the first record with an id of at least `id`. */
  indexFrom(id: number): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The live record at `index`; undefined where it is removed. */
  placeAt(index: number): RecordPlace | undefined {
    const id = this.#ids[index];
    if (id === undefined || this.isRemoved(id)) return undefined;
    return { segment: this, id, at: this.#at[index] ?? 0, bytes: this.#bytes[index] ?? 0 };
  }

  /** The live record with this id. */
  place(id: number): RecordPlace | undefined {
    const index = this.indexFrom(id);
    return this.#ids[index] === id ? this.placeAt(index) : undefined;
  }

  /** Ids of the records that are not removed, oldest first. */
  liveIds(): number[] {
    return this.#ids.filter((id) => !this.isRemoved(id));
  }

  /** Items of a record, also of one that is damaged. */
  itemsOf(id: number): number {
    return this.#items[this.indexFrom(id)] ?? 0;
  }

  isRemoved(id: number): boolean {
    const bit = id - this.firstId;
    return ((this.#removed[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  /** Marks a record as done with; gives what it held, or undefined when it was none of the live ones. */
  remove(id: number): StoredTotals | undefined {
    const index = this.indexFrom(id);
    const known = this.#ids[index] === id && !this.isRemoved(id);
    this.markRemoved(id);
    if (!known) return undefined;
    this.live -= 1;
    return { records: 1, items: this.#items[index] ?? 0, bytes: this.#payload[index] ?? 0 };
  }

  /** Marks an id, whether or not its record can be read. */
  markRemoved(id: number): void {
    const bit = id - this.firstId;
    if (bit < 0) return;
    this.#removed = withRoom(this.#removed, bit);
    this.#removed[bit >>> 3] = (this.#removed[bit >>> 3] ?? 0) | (1 << (bit & 7));
    this.dirty = true;
  }

  /** What the database should know now; with `also` as if these were removed already. */
  marks(also: readonly number[] = []): SegmentMarks {
    const bytes = Math.ceil((this.nextId - this.firstId) / 8);
    let removed: Uint8Array = this.#removed.slice(0, Math.max(bytes, 1));
    for (const id of also) {
      const bit = id - this.firstId;
      removed = withRoom(removed, bit);
      removed[bit >>> 3] = (removed[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
    return { number: this.number, salt: this.salt, firstId: this.firstId, nextId: this.nextId, removed };
  }

  /** Takes over what an earlier run has marked, before any record is added. */
  adopt(marks: SegmentMarks): void {
    this.#removed = Uint8Array.from(marks.removed);
    this.nextId = Math.max(this.nextId, marks.nextId);
  }
}

function withRoom(bits: Uint8Array, bit: number): Uint8Array {
  if (bit >>> 3 < bits.length) return bits;
  const larger = new Uint8Array(Math.max(bits.length * 2, (bit >>> 3) + 1));
  larger.set(bits);
  return larger;
}
