import type { QueueFill } from "../contract/health.ts";
import type { Outcome } from "../contract/outcome.ts";

/** What a node of the graph is, for reports. */
export interface NodeIdentity {
  /** Unique in the graph: `processor/batch@traces`. */
  readonly key: string;
  readonly kind: "receiver" | "processor" | "connector" | "exporter" | "exchange" | "switch";
  readonly id: string;
  /** The pipeline of a processor; components that serve several pipelines have none. */
  readonly pipeline?: string;
}

/** How an exporter's sends have gone lately. */
export interface SendingState {
  /** The failures since the last success; undefined while sends succeed. */
  readonly failure: SendFailure | undefined;
  readonly isBreakerOpen: boolean;
  /** Of its sending queue, where it has one. */
  readonly queue: QueueFill | undefined;
}

/** Sends that failed one after the other. */
export interface SendFailure {
  /** When the first of them failed, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** Of the last one. */
  readonly message: string;
  /** Whether the last one may succeed when it is tried again. */
  readonly isRetryable: boolean;
}

/** A row of the ledger at one moment. Counts are items: spans, log records, data points. */
export interface NodeRow extends NodeIdentity {
  readonly received: number;
  /** Items that an earlier run left in a storage, or that came back from the dead letters. */
  readonly restored: number;
  readonly passed: number;
  readonly delivered: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly failed: number;
  /** Failed items by reason, as far as the node knows one. */
  readonly lost: Readonly<Record<string, number>>;
  /** Items that could not be delivered and are kept with the reason. */
  readonly deadLettered: number;
  readonly held: number;
  /** Those of the held items that are in a storage, and outlive the process. */
  readonly stored: number;
  /** `received` and `restored` minus everything above: anything but 0 is a defect of the node. */
  readonly missing: number;
}

/**
 * The books of one node: every item that came in is passed on, delivered, dropped for a reason,
 * refused, failed, put among the dead letters, or held.
 */
export class NodeLedger {
  readonly identity: NodeIdentity;
  readonly dropped: Map<string, number> = new Map();
  /** Failed items by reason, where the node knows one. */
  readonly lost: Map<string, number> = new Map();
  /** Asks the node how many items it holds; nodes that hold nothing keep the default. */
  held: () => number = () => 0;
  /** Asks a durable queue how many of the held items are in its storage. */
  stored: () => number = () => 0;
  /** Asks an exporter how its sends go. */
  sending: () => SendingState | undefined = () => undefined;
  /** Items that came over edges that a reload has ended since. */
  arrivedBefore = 0;
  received = 0;
  restored = 0;
  passed = 0;
  delivered = 0;
  refused = 0;
  failed = 0;
  deadLettered = 0;
  lastReason = "dropped";
  /** Why the node does not work any more; undefined while it does. */
  fault: string | undefined;

  constructor(identity: NodeIdentity) {
    this.identity = identity;
  }

  drop(reason: string, items: number): void {
    this.lastReason = reason;
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + items);
  }

  /** Books items that failed for `reason`. */
  lose(reason: string, items: number): void {
    this.failed += items;
    this.lost.set(reason, (this.lost.get(reason) ?? 0) + items);
  }

  /** Books an outcome that the node itself decided for `items` items. Drops are booked by `drop`, which knows the reasons. */
  settle(outcome: Outcome, items: number): void {
    if (outcome.kind === "refused") this.refused += items;
    else if (outcome.kind === "failed") this.failed += items;
  }

  get droppedTotal(): number {
    let total = 0;
    for (const count of this.dropped.values()) total += count;
    return total;
  }

  /** Everything that has left the node for good; it grows while the node makes progress. */
  get moved(): number {
    return this.passed + this.delivered + this.refused + this.failed + this.deadLettered + this.droppedTotal;
  }

  row(): NodeRow {
    const { received, restored, passed, delivered, refused, failed, deadLettered } = this;
    const held = this.held();
    const stored = this.stored();
    const missing = received + restored - this.moved - held;
    const dropped = Object.fromEntries(this.dropped);
    const lost = Object.fromEntries(this.lost);
    return { ...this.identity, received, restored, passed, delivered, refused, failed, lost, deadLettered, dropped, held, stored, missing };
  }
}
