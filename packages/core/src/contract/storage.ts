import type { Signal } from "@tidemark/otlp";

/** A batch as it is stored. */
export interface NewRecord {
  readonly signal: Signal;
  /** Spans, log records or data points in it. */
  readonly items: number;
  /** OTLP protobuf of the batch. The storage may read it until `append` has resolved. */
  readonly bytes: Uint8Array;
  /** When the request was complete, in milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  readonly transport: string;
  /** Request headers that must survive a restart. */
  readonly metadata?: ReadonlyMap<string, readonly string[]>;
}

/** A record that is in the storage. Ids grow in the order of `append`. */
export interface StoredRecord extends NewRecord {
  readonly id: number;
}

/** What a queue holds on disk. */
export interface StoredTotals {
  readonly records: number;
  readonly items: number;
  readonly bytes: number;
}

/** Why a record was put aside for good. */
export interface DeadLetterReason {
  /** Closed list: `rejected` (the far side said no), `retries_exhausted`. */
  readonly reason: string;
  /** The last error in words. */
  readonly message: string;
  /** Tries that were made. */
  readonly attempts: number;
}

/** The durable first-in-first-out queue of one component. */
export interface DurableQueue {
  /** What was found when it was opened, corrected by everything since. */
  readonly totals: StoredTotals;
  /**
   * Resolves with the id when the record is on the disk (fsync).
   * @throws PipelineError, retryable, when the size budget is spent or the disk is full: nothing was stored.
   */
  append(record: NewRecord): Promise<number>;
  /**
   * Up to `count` records with an id above `after`, oldest first, of about `mostBytes` together, and one at least. A record that cannot
   * be read is reported, put aside and left out; the answer is empty only when no readable one is left.
   */
  read(after: number, count: number, mostBytes?: number): Promise<readonly StoredRecord[]>;
  /** Forgets delivered records. It need not be on the disk when this resolves: after a crash they may be sent again. */
  remove(ids: readonly number[]): Promise<void>;
  /** Moves a record to the dead letters, with the reason, in one step that is on the disk when this resolves. */
  bury(id: number, reason: DeadLetterReason): Promise<void>;
  /**
   * Puts a request that was joined or cut from records of this queue among its dead letters; on the disk when this resolves. The
   * records stay until they are removed. It takes nothing of the size budget for itself: the records make room for it.
   */
  buryRequest(record: NewRecord, reason: DeadLetterReason): Promise<void>;
  /** Calls `listener` when records came in from outside, such as a replay of dead letters. */
  onReplayed(listener: () => void): void;
  close(): Promise<void>;
}

/** Durable memory for components (`storage` of a sending queue). */
export interface Storage {
  /** Opens the queue of a component; the same owner finds its records again after a restart. */
  openQueue(owner: string): Promise<DurableQueue>;
  /** Puts a record straight among the dead letters of `owner`: for queues that live in memory. Resolves when it is on the disk. */
  buryNew(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void>;
}
