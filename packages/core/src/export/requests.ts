import type { Clock } from "../contract/clock.ts";
import type { QueueConfig } from "../fields/exporter-fields.ts";
import { Joiner, type JoinPolicy } from "./joiner.ts";
import { wholeShipment, type Entry, type Shipment } from "./queue-entry.ts";
import { RingBuffer } from "./ring-buffer.ts";

const ONE_BY_ONE: JoinPolicy = { sizer: "items", min: 0, max: 0, flushMs: 0 };

/** What the making of requests needs from the queue. */
export interface RequestsOwner {
  readonly clock: Clock;
  /** Whether sends are slow, so that requests should be small. */
  isDegraded(): boolean;
  /** Whether older batches lie on the disk only, or more wait than are sent at the same time. */
  isBehind(): boolean;
  /** Requests became complete because time was up. */
  flushed(): void;
}

/** The queued batches in their order, and the requests that they become: one each, or joined and cut by `batch`, `degrade` and `catch_up`. */
export class Requests {
  /** Request headers that separate batches, in lower case. */
  readonly keys: readonly string[];
  readonly #config: Pick<QueueConfig, "batch" | "degrade" | "catch_up" | "storage">;
  readonly #owner: RequestsOwner;
  readonly #queued: RingBuffer<Entry> = new RingBuffer();
  /** Requests that are joined, cut, or taken apart, and complete. */
  readonly #ready: RingBuffer<Shipment> = new RingBuffer();
  readonly #joiner: Joiner | undefined;
  #isFlushing = false;

  constructor(config: Pick<QueueConfig, "batch" | "degrade" | "catch_up" | "storage">, owner: RequestsOwner) {
    this.#config = config;
    this.#owner = owner;
    this.keys = (config.batch?.partition.metadata_keys ?? []).map((key) => key.toLowerCase());
    if (config.batch === undefined && config.degrade === undefined && (config.catch_up?.enabled !== true || config.storage === undefined))
      return;
    this.#joiner = new Joiner(this.keys, owner.clock, {
      policy: () => this.#policy(),
      ready: (shipment) => this.#ready.push(shipment),
      flushed: () => owner.flushed(),
    });
  }

  /** Batches that no request has been made of. */
  get queued(): number {
    return this.#queued.length;
  }

  push(entry: Entry): void {
    this.#queued.push(entry);
  }

  /** The request that goes next; undefined when there is none, or none is complete. */
  next(): Shipment | undefined {
    const joiner = this.#joiner;
    while (this.#ready.length === 0) {
      const entry = this.#queued.shift();
      if (entry === undefined) break;
      if (joiner === undefined) return wholeShipment(entry);
      joiner.add(entry);
    }
    if (joiner !== undefined && this.#ready.length === 0 && this.#policy().flushMs === 0) joiner.flush();
    return this.#ready.shift();
  }

  /**
   * The next request with a piece of a batch that has begun to go: where it stays stored as a whole, its other pieces would go twice.
   * Those without one are passed over, for good.
   */
  nextBegun(): Shipment | undefined {
    let shipment = this.#ready.shift();
    while (shipment !== undefined && !shipment.shares.some(({ entry }) => entry.isBegun)) shipment = this.#ready.shift();
    return shipment;
  }

  /** From now on nothing waits for others. */
  flush(): void {
    this.#isFlushing = true;
    this.#joiner?.flush();
  }

  /**
   * Makes one request of each batch again, so that what the far side refuses for good costs the batch that it is in, and no other. False
   * when it was of one batch only, or of pieces.
   */
  takeApart({ shares }: Shipment): boolean {
    if (shares.length < 2 || shares.some(({ entry, items }) => items !== entry.batch.itemCount)) return false;
    for (const share of shares) this.#ready.push({ batch: share.entry.batch, shares: [share] });
    return true;
  }

  #policy(): JoinPolicy {
    const { batch, degrade, catch_up: catchUp } = this.#config;
    const flushMs = this.#isFlushing ? 0 : (batch?.flush_timeout ?? 0);
    if (degrade !== undefined && this.#owner.isDegraded()) return { sizer: "items", min: degrade.batch, max: degrade.batch, flushMs };
    if (batch !== undefined)
      return { sizer: batch.sizer === "bytes" ? "bytes" : "items", min: batch.min_size, max: batch.max_size, flushMs };
    if (catchUp?.enabled === true && this.#owner.isBehind()) return { sizer: "bytes", min: catchUp.max_bytes, max: 0, flushMs: 0 };
    return ONE_BY_ONE;
  }
}
