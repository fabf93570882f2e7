import { PipelineError, type Clock, type ComponentContext, type Delivery, type StreamProcessor } from "@tidemark/core";
import { Observable, type Subscriber } from "rxjs";
import type { BatchConfig } from "./config.ts";
import { Shard, type Trigger } from "./shard.ts";

/** Makes the batch processor of one pipeline. */
export function createBatchProcessor(config: BatchConfig, context: ComponentContext): StreamProcessor {
  let output: Subscriber<Delivery> | undefined;
  let isHurried = false;
  let stopped = false;
  const shards = new Shards(config, context, (ready) => output?.next(ready));

  function accept(delivery: Delivery): void {
    if (stopped)
      return delivery.settlement.settle({ kind: "refused", error: PipelineError.unavailable("the batch processor was stopped") });
    const shard = shards.of(delivery);
    if (shard !== undefined) {
      shard.add(delivery);
      if (isHurried) shard.flush("shutdown");
      return;
    }
    const error = new PipelineError("too many batcher metadata-value combinations", { code: "internal", retryable: false });
    delivery.settlement.settle({ kind: "failed", error, items: delivery.batch.itemCount });
  }

  return {
    operator: (source) =>
      new Observable((subscriber) => {
        output = subscriber;
        const upstream = source.subscribe({
          next: accept,
          error: (error) => {
            shards.flush();
            subscriber.error(error);
          },
          complete: () => {
            shards.flush();
            subscriber.complete();
          },
        });
        return () => {
          upstream.unsubscribe();
          shards.refuse();
          output = undefined;
        };
      }),
    held: () => shards.held,
    hurry() {
      isHurried = true;
      shards.flush();
    },
    shutdown() {
      shards.flush();
      stopped = true;
    },
  };
}

/** One shard for each combination of the values of `metadata_keys`. */
class Shards {
  readonly #config: BatchConfig;
  readonly #clock: Clock;
  readonly #emit: (ready: Delivery) => void;
  readonly #keys: readonly string[];
  readonly #shards = new Map<string, Shard>();
  /** The one shard where there are no keys. */
  #only: Shard | undefined;
  readonly #report: (trigger: Trigger, items: number) => void;
  readonly #added: () => void;

  constructor(config: BatchConfig, context: ComponentContext, emit: (ready: Delivery) => void) {
    const cardinality = context.meter.createUpDownCounter("otelcol_processor_batch_metadata_cardinality", {
      description: "Distinct combinations of metadata values.",
    });
    this.#config = config;
    this.#clock = context.clock;
    this.#emit = emit;
    this.#keys = config.metadata_keys.map((key) => key.toLowerCase()).toSorted();
    this.#report = createReport(context);
    this.#added = () => cardinality.add(1, { processor: context.id });
  }

  /** Items that wait in all shards. */
  get held(): number {
    let items = 0;
    for (const shard of this.#shards.values()) items += shard.held;
    return items;
  }

  /** The shard for a delivery; undefined when there are too many already. */
  of(delivery: Delivery): Shard | undefined {
    if (this.#only !== undefined) return this.#only;
    const key = shardKey(this.#keys, delivery);
    const known = this.#shards.get(key);
    if (known !== undefined) return known;
    const limit = this.#config.metadata_cardinality_limit;
    if (this.#keys.length > 0 && limit > 0 && this.#shards.size >= limit) return undefined;
    const metadata = this.#keys.length === 0 ? undefined : sharedMetadata(this.#keys, delivery);
    const shard = new Shard({
      config: this.#config,
      clock: this.#clock,
      sent: this.#report,
      emit: (ready) => this.#emit(metadata === undefined ? ready : { ...ready, context: { ...ready.context, metadata } }),
    });
    this.#shards.set(key, shard);
    if (this.#keys.length === 0) this.#only = shard;
    this.#added();
    return shard;
  }

  /** Sends everything that waits. */
  flush(): void {
    for (const shard of this.#shards.values()) shard.flush("shutdown");
  }

  /** Gives back everything that waits. */
  refuse(): void {
    for (const shard of this.#shards.values()) shard.refuse();
  }
}

/** Without keys there is one shard. Values are length-prefixed so that no two combinations look alike. */
function shardKey(keys: readonly string[], delivery: Delivery): string {
  return keys.map((key) => (delivery.context.metadata?.get(key) ?? []).map((value) => `${value.length}:${value}`).join(",")).join(";");
}

/** A batch carries the metadata that its requests share, and no other. */
function sharedMetadata(keys: readonly string[], delivery: Delivery): ReadonlyMap<string, readonly string[]> {
  const metadata = new Map<string, readonly string[]>();
  for (const key of keys) {
    const values = delivery.context.metadata?.get(key);
    if (values !== undefined) metadata.set(key, values);
  }
  return metadata;
}

function createReport(context: ComponentContext): (trigger: Trigger, items: number) => void {
  const labels = { processor: context.id };
  const size = context.meter.createHistogram("otelcol_processor_batch_batch_send_size", {
    description: "Items in the batches that were sent.",
  });
  const counters = {
    size: context.meter.createCounter("otelcol_processor_batch_batch_size_trigger_send", {
      description: "Batches that were sent because enough items waited.",
    }),
    timeout: context.meter.createCounter("otelcol_processor_batch_timeout_trigger_send", {
      description: "Batches that were sent because items had waited long enough.",
    }),
    idle: context.meter.createCounter("tidemark_processor_batch_idle_trigger_send", {
      description: "Batches that were sent because every client that is usually active was waiting.",
    }),
  };
  return (trigger, items) => {
    size.record(items, labels);
    if (trigger !== "shutdown") counters[trigger].add(1, labels);
  };
}
