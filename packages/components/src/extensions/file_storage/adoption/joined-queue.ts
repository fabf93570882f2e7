import type { DeadLetterReason, DurableQueue, NewRecord, StoredRecord, StoredTotals } from "@tidemark/core";

// Ids of one queue must grow from part to part: each part has its own range. A queue of its own never gives out so many.
const RANGE = 2 ** 44;
/** Ranges of adopted queues lie below the own one. */
const OWN_PART = 256;

/** The most queues that can be adopted by one. */
export const MOST_PARTS: number = OWN_PART;

interface Part {
  readonly place: number;
  readonly queue: DurableQueue;
}

/**
 * The queue of a component, in front of it what others have left in queues of the same name. Everything new goes to its own; adopted ones are
 * read first, and can come and go while it is open.
 */
export class JoinedQueue implements DurableQueue {
  readonly #own: DurableQueue;
  /** By their places; the own one is the last. */
  #parts: readonly Part[];
  readonly #listeners: Set<() => void> = new Set();
  readonly #closing: () => Promise<void>;

  /** `closing` is called before it closes its parts. */
  constructor(own: DurableQueue, closing: () => Promise<void>) {
    this.#own = own;
    this.#closing = closing;
    this.#parts = [{ place: OWN_PART, queue: own }];
  }

  get totals(): StoredTotals {
    const totals = { records: 0, items: 0, bytes: 0 };
    for (const { queue } of this.#parts) {
      totals.records += queue.totals.records;
      totals.items += queue.totals.items;
      totals.bytes += queue.totals.bytes;
    }
    return totals;
  }

  /** Puts a queue in front, at a place below `MOST_PARTS` that it has in every joined queue; false where it has one there already. */
  adopt(place: number, queue: DurableQueue): boolean {
    if (this.#parts.some((part) => part.place === place)) return false;
    this.#parts = [...this.#parts, { place, queue }].toSorted((a, b) => a.place - b.place);
    for (const listener of this.#listeners) {
      queue.onReplayed(listener);
      if (queue.totals.records > 0) listener();
    }
    return true;
  }

  /** Closes an adopted queue, which must be empty. */
  async release(place: number): Promise<void> {
    const part = this.#parts.find((each) => each.place === place);
    this.#parts = this.#parts.filter((each) => each !== part);
    await part?.queue.close();
  }

  async append(record: NewRecord): Promise<number> {
    return (await this.#own.append(record)) + OWN_PART * RANGE;
  }

  async read(after: number, count: number, mostBytes: number = Number.POSITIVE_INFINITY): Promise<readonly StoredRecord[]> {
    const records: StoredRecord[] = [];
    let room = mostBytes;
    for (const { place, queue } of this.#parts) {
      const base = place * RANGE;
      if (after >= base + RANGE - 1) continue;
      if (records.length >= count || (room <= 0 && records.length > 0)) break;
      for (const record of await queue.read(Math.max(0, after - base), count - records.length, room)) {
        records.push({ ...record, id: record.id + base });
        room -= record.bytes.length;
      }
    }
    return records;
  }

  async remove(ids: readonly number[]): Promise<void> {
    for (const { place, queue } of this.#parts) {
      const own = ids.filter((id) => Math.floor(id / RANGE) === place).map((id) => id % RANGE);
      if (own.length > 0) await queue.remove(own);
    }
  }

  async bury(id: number, reason: DeadLetterReason): Promise<void> {
    await this.#parts.find(({ place }) => place === Math.floor(id / RANGE))?.queue.bury(id % RANGE, reason);
  }

  buryRequest(record: NewRecord, reason: DeadLetterReason): Promise<void> {
    return this.#own.buryRequest(record, reason);
  }

  onReplayed(listener: () => void): void {
    this.#listeners.add(listener);
    for (const { queue } of this.#parts) queue.onReplayed(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#closing();
    await Promise.all(this.#parts.map(({ queue }) => queue.close()));
  }
}
