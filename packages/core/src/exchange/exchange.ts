import type { Batch } from "@tidemark/otlp";
import type { Delivery, DeliveryContext } from "../contract/delivery.ts";
import type { Outcome } from "../contract/outcome.ts";
import type { PipelineError } from "../contract/pipeline-error.ts";
import type { Peers, WorkerSlot } from "../contract/worker.ts";

/** Who waits for what another worker says. Exactly one of the two is called, once. */
export interface Awaiting {
  /** The other worker took it, and this became of it. */
  answered(outcome: Outcome): void;
  /** The other worker did not take it, or ended before it answered: send it again. */
  turnedAway(error: PipelineError): void;
}

/** A part of a batch on its way to the worker that owns it. */
export interface OutgoingPart {
  /** The exchange node that it goes to: the same one there as here. */
  readonly node: string;
  readonly batch: Batch;
  readonly context: DeliveryContext;
}

/** The connections of one worker to all others. */
export interface Exchange {
  readonly slot: WorkerSlot;
  send(owner: number, part: OutgoingPart, awaiting: Awaiting): void;
  /** Takes what others send to `node` until the returned function is called. A later call for the same node replaces the first. */
  attach(node: string, receive: (delivery: Delivery) => void): () => void;
  /** The same component elsewhere. */
  peers(component: string): Peers;
}

/** The only worker: nobody to ask, and nobody who asks. */
export const NO_PEERS: Peers = { answer: () => {}, ask: () => Promise.resolve([]) };
