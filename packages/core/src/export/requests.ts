import type { Clock } from "../contract/clock.ts";
import type { QueueConfig } from "../fields/exporter-fields.ts";
import { Joiner, type JoinPolicy } from "./joiner.ts";
import { wholeShipment, type Entry, type Shipment } from "./queue-entry.ts";
import { RingBuffer } from "./ring-buffer.ts";

/** What the making of requests needs from the queue. */
export interface RequestsOwner {
  readonly clock: Clock;
  /** Whether sends are slow, so that requests should be small. */
  isDegraded(): boolean;
  /** Requests became complete because time was up. */
  flushed(): void;
}

/** The queued batches in their order, and the requests that they become: one each, or joined and cut by `batch` and `degrade`. */
export class Requests {
  /** Request headers that separate batches, in lower case. */
  readonly keys: readonly string[];
  readonly #config: Pick<QueueConfig, "batch" | "degrade">;
  readonly #owner: RequestsOwner;
  readonly #queued: RingBuffer<Entry> = new RingBuffer();
  readonly #ready: RingBuffer<Shipment> = new RingBuffer();
  readonly #joiner: Joiner | undefined;
  #isFlushing = false;

  constructor(config: Pick<QueueConfig, "batch" | "degrade">, owner: RequestsOwner) {
    this.#config = config;
    this.#owner = owner;
    this.keys = (config.batch?.partition.metadata_keys ?? []).map((key) => key.toLowerCase());
    if (config.batch === undefined && config.degrade === undefined) return;
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
    if (joiner === undefined) {
      const entry = this.#queued.shift();
      return entry === undefined ? undefined : wholeShipment(entry);
    }
    while (this.#ready.length === 0) {
      const entry = this.#queued.shift();
      if (entry === undefined) break;
      joiner.add(entry);
    }
    if (this.#ready.length === 0 && this.#policy().flushMs === 0) joiner.flush();
    return this.#ready.shift();
  }

  /** From now on nothing waits for others. */
  flush(): void {
    this.#isFlushing = true;
    this.#joiner?.flush();
  }

  #policy(): JoinPolicy {
    const { batch, degrade } = this.#config;
    const flushMs = this.#isFlushing ? 0 : (batch?.flush_timeout ?? 0);
    if (degrade !== undefined && this.#owner.isDegraded()) return { sizer: "items", min: degrade.batch, max: degrade.batch, flushMs };
    const { sizer, min_size: min, max_size: max } = batch ?? { sizer: "items", min_size: 0, max_size: 0 };
    return { sizer: sizer === "bytes" ? "bytes" : "items", min, max, flushMs };
  }
}
