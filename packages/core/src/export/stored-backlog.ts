import { openBatch } from "@tidemark/otlp";
import type { Clock } from "../contract/clock.ts";
import type { Logger } from "../contract/logger.ts";
import type { DeadLetterReason, DurableQueue, NewRecord, StoredRecord } from "../contract/storage.ts";
import { messageOf } from "../contract/message-of.ts";
import type { QueueConfig } from "../fields/exporter-fields.ts";
import { makeEntry, type Entry } from "./queue-entry.ts";
import { Remover } from "./remover.ts";
import { RingBuffer } from "./ring-buffer.ts";

/** Most of one read, in records and in bytes. */
const MOST_RECORDS = 1024;
const MOST_BYTES = 1024 * 1024;
/** After a failed read. */
const AGAIN_MS = 1000;
/** Share of `max_bytes` for batches that are kept at hand while older ones are still on the disk. */
const TAIL_SHARE = 0.25;

/** What lies in the storage and not in memory. */
export interface BacklogTotals {
  readonly items: number;
  /** In units of the sizer. */
  readonly cost: number;
}

/** What the backlog tells the queue. */
export interface BacklogOwner {
  readonly clock: Clock;
  readonly log: Logger;
  /** Entries that go to the senders next, in order. */
  ready(entries: readonly Entry[]): void;
  /** The backlog is read, and differs from the books: positive is what could not be read, negative what came in from outside. */
  reconciled(missing: BacklogTotals): void;
}

/**
 * The part of a durable queue that lies on the disk only. While there is one, all new batches join its end, and it is read back in
 * order as the senders empty the memory. The newest batches are kept at hand (the tail), so that reading, once it has come up to
 * them, ends.
 */
export class StoredBacklog {
  readonly #storage: DurableQueue;
  readonly #config: Pick<QueueConfig, "sizer" | "max_bytes">;
  readonly #owner: BacklogOwner;
  /** Ids of batches in memory, on their way, or being removed: reading leaves them out. */
  readonly #busy: Set<number> = new Set();
  /** Those of them that have left the disk since the read under way began: it may still find them. */
  #gone: number[] = [];
  readonly #tail: RingBuffer<Entry> = new RingBuffer();
  #tailBytes = 0;
  #isOpen = false;
  #isReading = false;
  /** Everything on the disk up to this id is in memory, or done with. */
  #seenUpTo = 0;
  /** The last id that is on the disk only; Infinity where nobody can know: after a start, or when records came in from outside. */
  #diskUpTo = 0;
  /** Grows with each time that nobody can know. */
  #generation = 0;
  /** The lowest id of those that were left on the disk only since the last read began, which may not have found them. */
  #lowestLeft = Number.POSITIVE_INFINITY;
  #items = 0;
  #cost = 0;
  readonly #remover: Remover;

  constructor(storage: DurableQueue, config: Pick<QueueConfig, "sizer" | "max_bytes">, owner: BacklogOwner) {
    this.#storage = storage;
    this.#config = config;
    this.#owner = owner;
    this.#remover = new Remover(storage, owner, (id) => this.#forget(id));
    const { records, items, bytes } = storage.totals;
    this.#items = items;
    this.#cost = config.sizer === "requests" ? records : config.sizer === "items" ? items : bytes;
    if (records > 0) this.#reopen();
    storage.onReplayed(() => {
      this.#reopen();
      owner.ready([]);
    });
  }

  /** Whether something waits on the disk, so that new batches have to queue behind it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get totals(): BacklogTotals {
    return { items: this.#items, cost: this.#cost };
  }

  /** Bytes of memory in use here. */
  get memory(): number {
    return this.#tailBytes;
  }

  /** Ask before each append, and give the answer to `leave`. */
  get generation(): number {
    return this.#generation;
  }

  /** A stored batch has gone into memory, to be sent. */
  hold(entry: Entry): void {
    this.#busy.add(entry.id);
    this.#seenUpTo = Math.max(this.#seenUpTo, entry.id);
  }

  /** A stored batch, whose append began in `generation`, waits its turn behind the backlog. */
  leave(entry: Entry, generation: number): void {
    this.#isOpen = true;
    this.#count(entry, 1);
    const isUnknown = this.#diskUpTo === Number.POSITIVE_INFINITY;
    // Ids grow in the order of appends: what nobody knew of lies before the first append after it.
    if (isUnknown && generation === this.#generation) this.#diskUpTo = entry.id;
    if (isUnknown) return this.#leaveOnDisk(entry);
    if (this.#tailBytes + entry.memory <= this.#config.max_bytes * TAIL_SHARE) {
      this.#tail.push(entry);
      this.#tailBytes += entry.memory;
      return;
    }
    this.#leaveOnDisk(this.#tail.peek() ?? entry);
    this.#dropTail();
    this.#diskUpTo = Math.max(this.#diskUpTo, entry.id);
  }

  /** Reads the next records, if there are any and nobody reads already; `room` is the memory that they may take. */
  read(room: number): void {
    if (!this.#isOpen || this.#isReading || this.#remover.isClosed) return;
    this.#lowestLeft = Number.POSITIVE_INFINITY;
    // What nobody has at hand is read; when that is nothing, the tail follows at once.
    if (this.#seenUpTo >= this.#diskUpTo) return this.#owner.ready(this.#take([]));
    this.#isReading = true;
    const generation = this.#generation;
    const from = this.#seenUpTo;
    this.#storage.read(from, MOST_RECORDS, Math.min(room, MOST_BYTES)).then(
      (records) => {
        this.#isReading = false;
        if (this.#remover.isClosed) return;
        const entries = generation === this.#generation ? this.#take(records) : [];
        for (const id of this.#gone.splice(0)) this.#busy.delete(id);
        this.#owner.ready(entries);
      },
      (error: unknown) => {
        this.#owner.log.error("The stored batches of the sending queue cannot be read. Trying again.", { error: messageOf(error) });
        this.#owner.clock.setTimeout(() => {
          this.#isReading = false;
          if (!this.#remover.isClosed) this.#owner.ready([]);
        }, AGAIN_MS);
      },
    );
  }

  /** Forgets a delivered batch. */
  remove(id: number): void {
    this.#remover.add(id);
  }

  /** Puts a batch among the dead letters. Rejects when the storage cannot. */
  async bury(id: number, reason: DeadLetterReason): Promise<void> {
    await this.#storage.bury(id, reason);
    this.#forget(id);
  }

  /** Puts a request that was made from stored batches among the dead letters. Rejects when the storage cannot. */
  buryRequest(record: NewRecord, reason: DeadLetterReason): Promise<void> {
    return this.#storage.buryRequest(record, reason);
  }

  /** Waits for what is being removed, and closes the storage. */
  async close(): Promise<void> {
    await this.#remover.close();
    await this.#storage.close();
  }

  #forget(id: number): void {
    if (this.#isReading) this.#gone.push(id);
    else this.#busy.delete(id);
  }

  #take(records: readonly StoredRecord[]): Entry[] {
    const entries: Entry[] = [];
    // What has been left on the disk since may lie before what was found, or be all that there is.
    const isComplete = this.#lowestLeft === Number.POSITIVE_INFINITY;
    let isRead = records.length === 0;
    for (const record of records) {
      if (record.id > this.#diskUpTo) {
        isRead = true;
        break;
      }
      this.#seenUpTo = Math.max(this.#seenUpTo, record.id);
      if (this.#busy.has(record.id)) continue;
      const entry = this.#open(record);
      if (entry === undefined) continue;
      this.#count(entry, -1);
      this.#busy.add(entry.id);
      entries.push(entry);
    }
    if (this.#lowestLeft <= this.#seenUpTo) this.#seenUpTo = this.#lowestLeft - 1;
    else if ((isRead && isComplete) || this.#seenUpTo >= this.#diskUpTo) this.#finish(entries);
    if (this.#items < 0) this.#reconcile();
    return entries;
  }

  /** Everything has been read: the tail follows, and what the books say beyond it is not there. */
  #finish(entries: Entry[]): void {
    for (let next = this.#tail.shift(); next !== undefined; next = this.#tail.shift()) {
      this.#count(next, -1);
      this.hold(next);
      entries.push(next);
    }
    this.#tailBytes = 0;
    this.#isOpen = false;
    this.#diskUpTo = 0;
    this.#reconcile();
  }

  /** The books follow the disk. */
  #reconcile(): void {
    const missing = this.totals;
    this.#items = this.#cost = 0;
    if (missing.items !== 0 || missing.cost !== 0) this.#owner.reconciled(missing);
  }

  #open(record: StoredRecord): Entry | undefined {
    const { receivedAt, transport, metadata } = record;
    try {
      // Its checksum is right, and it was checked before it was stored.
      const batch = openBatch(record.signal, record.bytes, { validate: false });
      const context = { receivedAt, transport, ...(metadata === undefined ? {} : { metadata }) };
      const entry = makeEntry(batch, context, undefined, this.#config.sizer, false);
      entry.id = record.id;
      return entry;
    } catch (error) {
      const message = `the stored batch is damaged: ${messageOf(error)}`;
      this.#owner.log.error("A stored batch is damaged. Putting it among the dead letters.", { error: messageOf(error), id: record.id });
      this.#storage.bury(record.id, { reason: "rejected", message, attempts: 0 }).catch(() => undefined);
      return undefined;
    }
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#items += sign * entry.batch.itemCount;
    this.#cost += sign * entry.cost;
  }

  /** Records may be anywhere: reading begins at the first id again, and passes over what is known. */
  #reopen(): void {
    this.#dropTail();
    this.#isOpen = true;
    this.#seenUpTo = 0;
    this.#diskUpTo = Number.POSITIVE_INFINITY;
    this.#generation += 1;
  }

  #leaveOnDisk({ id }: Entry): void {
    this.#lowestLeft = Math.min(this.#lowestLeft, id);
    // It may have got its place before others that have been read already; those are known, and passed over.
    this.#seenUpTo = Math.min(this.#seenUpTo, id - 1);
  }

  #dropTail(): void {
    while (this.#tail.shift() !== undefined);
    this.#tailBytes = 0;
  }
}
