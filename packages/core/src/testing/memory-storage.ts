import type { Clock, Random } from "../contract/clock.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { DeadLetterReason, DurableQueue, NewRecord, Storage, StoredRecord, StoredTotals } from "../contract/storage.ts";

/** What a component asks of a storage. */
export type StorageOperation = "open" | "append" | "read" | "remove" | "bury" | "buryNew";

/** A record among the dead letters. */
export interface DeadLetter {
  readonly record: NewRecord;
  readonly reason: DeadLetterReason;
}

/** How the storage behaves. */
export interface MemoryStorageOptions {
  readonly clock: Clock;
  /** Decides how much of what was being written a crash leaves behind. */
  readonly random?: Random;
  /** How long an operation takes, in milliseconds; 0 (standard) answers at once. For writes it is the time of the fsync. */
  readonly latencyMs?: (operation: StorageOperation) => number;
  /** An error that the `call`-th operation (from 1) of this kind meets, if any. */
  readonly fault?: (operation: StorageOperation, call: number) => Error | undefined;
  /** Size budget; change it to fill and empty the disk. */
  readonly capacityBytes?: () => number;
}

interface Write {
  /** Makes the write last. */
  readonly apply: (file: QueueFile) => void;
  readonly done: () => void;
  /** Nobody waits for it: it gets onto the disk with the next write that somebody waits for. */
  readonly isLazy: boolean;
}

/** What lies on the disk for one owner. */
class QueueFile {
  /** In the order of their ids. */
  readonly records: Map<number, StoredRecord> = new Map();
  readonly deadLetters: DeadLetter[] = [];
  readonly corrupt: Set<number> = new Set();
  /** Records that could not be read. */
  readonly putAside: StoredRecord[] = [];
  lastId = 0;
}

/**
 * A storage that keeps its disk in memory, for tests: what is written counts once its fsync is over, writes that wait for one go
 * together, and `crash` forgets what had none yet.
 */
export class MemoryStorage implements Storage {
  readonly #options: MemoryStorageOptions;
  readonly #files: Map<string, QueueFile> = new Map();
  readonly #calls: Map<StorageOperation, number> = new Map();
  readonly #open: Map<string, MemoryQueue> = new Map();
  #crashes = 0;
  #opens = 0;

  constructor(options: MemoryStorageOptions) {
    this.#options = options;
  }

  async openQueue(owner: string): Promise<DurableQueue> {
    this.#opens += 1;
    const order = this.#opens;
    await this.wait("open");
    const queue = new MemoryQueue(this, this.file(owner), order);
    // Who asked earlier and is answered later has been given up by now.
    if (order > (this.#open.get(owner)?.order ?? 0)) this.#open.set(owner, queue);
    return queue;
  }

  async buryNew(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    await this.wait("buryNew");
    this.file(owner).deadLetters.push({ record, reason });
  }

  /** The power fails: open queues are dead, and of what had no fsync an unknown part is gone. */
  crash(): void {
    this.#crashes += 1;
    for (const queue of this.#open.values()) queue.crash(this.#options.random ?? (() => 0));
    this.#open.clear();
  }

  /** What is on the disk, oldest first. */
  records(owner: string): readonly StoredRecord[] {
    return [...this.file(owner).records.values()];
  }

  /** What is stored and not removed yet. */
  totals(owner: string): StoredTotals | undefined {
    return this.#open.get(owner)?.totals;
  }

  deadLetters(owner: string): readonly DeadLetter[] {
    return this.file(owner).deadLetters;
  }

  /** Records that were damaged and have been taken out. */
  putAside(owner: string): readonly StoredRecord[] {
    return this.file(owner).putAside;
  }

  /** Flips bits in a record: reading it fails from now on. */
  damage(owner: string, id: number): void {
    this.file(owner).corrupt.add(id);
  }

  /** Sends the dead letters again. */
  replay(owner: string): void {
    const file = this.file(owner);
    const queue = this.#open.get(owner);
    for (const { record } of file.deadLetters.splice(0)) {
      const id = queue?.nextId() ?? file.lastId + 1;
      file.lastId = Math.max(file.lastId, id);
      file.records.set(id, { ...record, id });
    }
    queue?.replayed();
  }

  /** For the queues of this storage: takes the time of an operation, or throws the error that was planned for it. */
  async wait(operation: StorageOperation): Promise<void> {
    const crashes = this.#crashes;
    const error = this.fault(operation);
    await this.delay(operation);
    // Who asked before the power failed hears nothing any more.
    if (crashes !== this.#crashes) await new Promise(() => undefined);
    if (error !== undefined) throw error;
  }

  /** The error that was planned for this call. */
  fault(operation: StorageOperation): Error | undefined {
    const call = (this.#calls.get(operation) ?? 0) + 1;
    this.#calls.set(operation, call);
    return this.#options.fault?.(operation, call);
  }

  async delay(operation: StorageOperation): Promise<void> {
    const ms = this.#options.latencyMs?.(operation) ?? 0;
    if (ms > 0) await new Promise<void>((resolve) => this.#options.clock.setTimeout(resolve, ms));
  }

  /** For the queues of this storage: a retryable error when `bytes` more do not fit. */
  assertRoom(file: QueueFile, bytes: number): void {
    let used = bytes;
    for (const record of file.records.values()) used += record.bytes.length;
    const most = this.#options.capacityBytes?.() ?? Number.POSITIVE_INFINITY;
    if (used > most) throw PipelineError.exhausted(`the storage is full: ${used} of ${most} bytes`, 1000);
  }

  private file(owner: string): QueueFile {
    const known = this.#files.get(owner);
    if (known !== undefined) return known;
    const file = new QueueFile();
    this.#files.set(owner, file);
    return file;
  }
}

class MemoryQueue implements DurableQueue {
  readonly order: number;
  readonly #storage: MemoryStorage;
  readonly #file: QueueFile;
  /** Removed, but not on the disk yet. */
  readonly #removed: Set<number> = new Set();
  #waiting: Write[] = [];
  #syncing: Write[] = [];
  #isDead = false;
  #listener: (() => void) | undefined;
  #lastId: number;

  constructor(storage: MemoryStorage, file: QueueFile, order: number) {
    this.order = order;
    this.#storage = storage;
    this.#file = file;
    this.#lastId = file.lastId;
  }

  get totals(): StoredTotals {
    let records = 0;
    let items = 0;
    let bytes = 0;
    for (const record of this.#file.records.values()) {
      if (this.#removed.has(record.id)) continue;
      records += 1;
      items += record.items;
      bytes += record.bytes.length;
    }
    return { records, items, bytes };
  }

  async append(record: NewRecord): Promise<number> {
    this.#storage.assertRoom(this.#file, record.bytes.length);
    const id = this.nextId();
    await this.#write("append", (file) => {
      file.records.set(id, { ...record, id });
      file.lastId = Math.max(file.lastId, id);
    });
    return id;
  }

  /** Answers with what was there when it was asked: whoever reads must cope with what has changed since. */
  async read(after: number, count: number, mostBytes: number = Number.POSITIVE_INFINITY): Promise<readonly StoredRecord[]> {
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (const record of [...this.#file.records.values()].toSorted((a, b) => a.id - b.id)) {
      if (record.id <= after || this.#removed.has(record.id)) continue;
      if (this.#file.corrupt.has(record.id)) {
        this.#file.records.delete(record.id);
        this.#file.putAside.push(record);
        continue;
      }
      bytes += record.bytes.length;
      if (found.length === count || (found.length > 0 && bytes > mostBytes)) break;
      found.push(record);
    }
    await this.#wait("read");
    return found;
  }

  async remove(ids: readonly number[]): Promise<void> {
    await this.#wait("remove");
    for (const id of ids) this.#removed.add(id);
    const apply = (file: QueueFile): void => {
      for (const id of ids) file.records.delete(id);
    };
    this.#waiting.push({ apply, done: () => undefined, isLazy: true });
  }

  async bury(id: number, reason: DeadLetterReason): Promise<void> {
    await this.#write("bury", (file) => {
      const record = file.records.get(id);
      if (record !== undefined) file.deadLetters.push({ record, reason });
      file.records.delete(id);
    });
  }

  async buryRequest(record: NewRecord, reason: DeadLetterReason): Promise<void> {
    await this.#write("bury", (file) => file.deadLetters.push({ record, reason }));
  }

  onReplayed(listener: () => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    await this.#fsync(() => undefined);
    this.#isDead = true;
  }

  nextId(): number {
    this.#lastId = Math.max(this.#lastId, this.#file.lastId) + 1;
    return this.#lastId;
  }

  replayed(): void {
    this.#listener?.();
  }

  crash(random: Random): void {
    this.#isDead = true;
    const pending = [...this.#syncing, ...this.#waiting];
    // Writes reach the disk in order: a part of them is there whole, the next one torn, which counts as not there.
    const kept = Math.floor(random() * (pending.length + 1));
    for (const { apply } of pending.slice(0, kept)) apply(this.#file);
  }

  /** Who asks a dead storage hears nothing any more. */
  async #wait(operation: StorageOperation): Promise<void> {
    if (!this.#isDead) await this.#storage.wait(operation);
    if (this.#isDead) await new Promise(() => undefined);
  }

  async #write(operation: StorageOperation, apply: (file: QueueFile) => void): Promise<void> {
    const error = this.#storage.fault(operation);
    if (error === undefined) return this.#fsync(apply);
    await this.#storage.delay(operation);
    throw error;
  }

  #fsync(apply: (file: QueueFile) => void): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isDead) return;
      this.#waiting.push({ apply, done: resolve, isLazy: false });
      if (this.#syncing.length === 0) void this.#sync();
    });
  }

  /** One fsync for everything that waits for one, then for what has come meanwhile. */
  async #sync(): Promise<void> {
    while (this.#waiting.some((write) => !write.isLazy)) {
      this.#syncing = this.#waiting;
      this.#waiting = [];
      await this.#storage.delay("append");
      if (this.#isDead) return;
      const writes = this.#syncing;
      this.#syncing = [];
      for (const { apply } of writes) apply(this.#file);
      for (const { done } of writes) done();
    }
  }
}
