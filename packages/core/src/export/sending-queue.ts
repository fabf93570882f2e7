import { openBatch, type Batch } from "@tidemark/otlp";
import type { Delivery } from "../contract/delivery.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { QueueConfig } from "../fields/exporter-fields.ts";

/** How long a client should wait before it comes back to a full queue. */
const FULL_RETRY_AFTER_MS = 1000;

/** A batch that keeps this many times its own size alive is copied before it waits. */
const LEAN_FACTOR = 2;

interface Entry {
  readonly delivery: Delivery;
  /** In units of the sizer. */
  readonly cost: number;
  /** Bytes that the batch keeps alive: a few kept items hold their whole request. */
  readonly memory: number;
}

/** What the queue asks of its owner. */
export interface QueueOwner {
  /** Sends one batch to its end; never rejects. */
  send(batch: Batch): Promise<Outcome>;
  /** No room for a batch, which is refused; `size` and `capacity` are in units of the sizer. */
  full(items: number, size: number, capacity: number): void;
  /** A batch has left the queue with this outcome. `answered` tells that the client was told "accepted" before. */
  finished(delivery: Delivery, outcome: Outcome, answered: boolean): void;
}

/**
 * The sending queue: in memory, bounded in requests or items and always in bytes, emptied by `num_consumers` senders. Unless
 * `wait_for_result` is set, a batch that found room counts as delivered to the client.
 */
export class SendingQueue {
  readonly #config: QueueConfig;
  readonly #owner: QueueOwner;
  readonly #queued: Entry[] = [];
  readonly #waiting: Entry[] = [];
  #used = 0;
  #memory = 0;
  #sending = 0;
  #idle: (() => void) | undefined;
  heldItems = 0;

  constructor(config: QueueConfig, owner: QueueOwner) {
    this.#config = config;
    this.#owner = owner;
  }

  /** Used capacity in `sizer` units, batches on their way included. */
  get size(): number {
    return this.#used;
  }

  accept(arrived: Delivery): void {
    const delivery = this.#sending < this.#config.num_consumers ? arrived : lean(arrived);
    const entry: Entry = { delivery, cost: this.#cost(delivery.batch), memory: delivery.batch.memoryBytes };
    this.heldItems += delivery.batch.itemCount;
    if (this.#fits(entry) && this.#waiting.length === 0) this.#admit(entry);
    else if (this.#config.block_on_overflow) this.#waiting.push(entry);
    else this.#refuse(entry);
    this.#pump();
  }

  /** Resolves when the queue is empty and nothing is on its way. */
  drained(): Promise<void> {
    if (this.#used === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  #cost(batch: Batch): number {
    const { sizer } = this.#config;
    return sizer === "items" ? batch.itemCount : sizer === "bytes" ? batch.byteLength : 1;
  }

  /** A batch larger than the whole queue is let into an empty one: it could never be sent otherwise. */
  #fits(entry: Entry): boolean {
    const { queue_size: capacity, max_bytes: maxBytes } = this.#config;
    return this.#used === 0 || (this.#used + entry.cost <= capacity && this.#memory + entry.memory <= maxBytes);
  }

  #admit(entry: Entry): void {
    this.#used += entry.cost;
    this.#memory += entry.memory;
    this.#queued.push(entry);
    if (!this.#config.wait_for_result) entry.delivery.settlement.settle(DELIVERED);
  }

  #refuse(entry: Entry): void {
    const { itemCount } = entry.delivery.batch;
    this.heldItems -= itemCount;
    this.#owner.full(itemCount, this.#used, this.#config.queue_size);
    const outcome: Outcome = { kind: "refused", error: PipelineError.unavailable("sending queue is full", FULL_RETRY_AFTER_MS) };
    this.#owner.finished(entry.delivery, outcome, false);
    entry.delivery.settlement.settle(outcome);
  }

  #pump(): void {
    while (this.#sending < this.#config.num_consumers) {
      const entry = this.#queued.shift();
      if (entry === undefined) break;
      this.#sending += 1;
      void this.#owner.send(entry.delivery.batch).then((outcome) => this.#finish(entry, outcome));
    }
  }

  #finish(entry: Entry, outcome: Outcome): void {
    this.#sending -= 1;
    this.#used -= entry.cost;
    this.#memory -= entry.memory;
    this.heldItems -= entry.delivery.batch.itemCount;
    this.#owner.finished(entry.delivery, outcome, !this.#config.wait_for_result);
    if (this.#config.wait_for_result) entry.delivery.settlement.settle(outcome);
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#admit(next);
    }
    this.#pump();
    if (this.#used === 0 && this.#waiting.length === 0) this.#idle?.();
  }
}

/** What waits should not hold the whole request of which it is the sampled tenth. */
function lean(delivery: Delivery): Delivery {
  const { batch } = delivery;
  if (batch.memoryBytes <= LEAN_FACTOR * batch.byteLength) return delivery;
  return { ...delivery, batch: openBatch(batch.signal, batch.encode(), { validate: false }) };
}
