import type { Batch } from "@tidemark/otlp";
import type { Outcome } from "./outcome.ts";

/**
 * The promise that somebody answers for a batch. Exactly one call of `settle` or `split` is allowed on each settlement;
 * a second one throws. A settlement made by `split` or `Settlement.join` settles its origin when all parts have settled.
 */
export interface Settlement {
  readonly settled: boolean;
  settle(outcome: Outcome): void;
  /** Hands the duty over to `count` children. The worst of their outcomes counts: refused, failed, delivered, dropped. */
  split(count: number): Settlement[];
}

/** What is known about the request that brought a batch in. */
export interface DeliveryContext {
  /** When the request was complete, in milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** `grpc`, `http`, or the type of the component that made the batch. */
  readonly transport: string;
  /** Request headers in lower case, only where a receiver has `include_metadata: true`. */
  readonly metadata?: ReadonlyMap<string, readonly string[]>;
}

/** The element of every stream: a batch, who answers for it, and where it came from. */
export interface Delivery<B extends Batch = Batch> {
  readonly batch: B;
  readonly settlement: Settlement;
  readonly context: DeliveryContext;
}
