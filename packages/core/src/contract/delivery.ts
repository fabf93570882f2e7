import type { Batch } from "@tidemark/otlp";
import type { AuthData } from "./capabilities.ts";
import type { Outcome } from "./outcome.ts";

/**
 * The promise that somebody answers for a batch. Exactly one call of `settle`, `split` or `fork` is allowed on each settlement;
 * a second one throws. The origin of a `split`, `fork` or `joinSettlements` settles when all children have settled; the heaviest
 * of their outcomes counts: refused, then failed, delivered, dropped.
 */
export interface Settlement {
  readonly settled: boolean;
  settle(outcome: Outcome): void;
  /** For a batch that is cut up: each child answers for other items, so lost items add up. */
  split(count: number): Settlement[];
  /** For a batch that goes several ways: each child answers for all items, so the branch that lost most counts. */
  fork(count: number): Settlement[];
}

/** What is known about the request that brought a batch in. */
export interface DeliveryContext {
  /** When the request was complete, in milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** `grpc`, `http`, or the type of the component that made the batch. */
  readonly transport: string;
  /** Request headers in lower case, only where a receiver has `include_metadata: true`. */
  readonly metadata?: ReadonlyMap<string, readonly string[]>;
  /** What the authenticator said of the client, only where a receiver has `auth`. */
  readonly auth?: AuthData;
  /** IP address of the client, where the receiver knows it. */
  readonly clientAddress?: string;
}

/** The element of every stream: a batch, who answers for it, and where it came from. */
export interface Delivery<B extends Batch = Batch> {
  readonly batch: B;
  readonly settlement: Settlement;
  readonly context: DeliveryContext;
}
