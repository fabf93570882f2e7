import type { DataPointView, LogRecordView, SpanView } from "@tidemark/otlp";

/** Which of the collector's worker processes a component runs in. A worker that is replaced leaves its index to the next one. */
export interface WorkerSlot {
  /** From 0 to `count - 1`. */
  readonly index: number;
  readonly count: number;
}

/** The same component in the other worker processes. Questions and answers are JSON. */
export interface Peers {
  /** Says how questions of the others are answered; `reply` may throw. Call it in `start`. */
  answer(reply: (question: unknown) => unknown): void;
  /** Asks all others; resolves with the answers that came in time. Never rejects. */
  ask(question: unknown): Promise<readonly unknown[]>;
}

/** An item that any worker may have. */
export const ANYWHERE = -1;

/**
 * Which items a component must see in one place. With several workers, items of equal hash go to the same one. A signal without a
 * function stays where it is. The functions are made anew for each batch, so that they may remember what its items share;
 * they return an unsigned 32-bit hash, or `ANYWHERE`.
 */
export interface Partition {
  /** Neighbours in a pipeline whose partitions have the same name and signal share one exchange. */
  readonly name: string;
  readonly traces?: () => (span: SpanView) => number;
  readonly metrics?: () => (point: DataPointView) => number;
  readonly logs?: () => (record: LogRecordView) => number;
}
