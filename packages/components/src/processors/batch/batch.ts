import { PipelineError, type ComponentContext, type Delivery, type StreamProcessor } from "@tidemark/core";
import { Observable, type Subscriber } from "rxjs";
import type { BatchConfig } from "./config.ts";
import { Shard, type Trigger } from "./shard.ts";

/** Makes the batch processor of one pipeline. */
export function createBatchProcessor(config: BatchConfig, context: ComponentContext): StreamProcessor {
  const keys = config.metadata_keys.map((key) => key.toLowerCase()).toSorted();
  const shards = new Map<string, Shard>();
  const report = createReport(context);
  const cardinality = context.meter.createUpDownCounter("otelcol_processor_batch_metadata_cardinality", {
    description: "Distinct combinations of metadata values.",
  });
  let output: Subscriber<Delivery> | undefined;
  let stopped = false;

  function shardOf(delivery: Delivery): Shard | undefined {
    const key = shardKey(keys, delivery);
    const known = shards.get(key);
    if (known !== undefined) return known;
    if (keys.length > 0 && config.metadata_cardinality_limit > 0 && shards.size >= config.metadata_cardinality_limit) return undefined;
    const metadata = keys.length === 0 ? undefined : sharedMetadata(keys, delivery);
    const shard = new Shard({
      config,
      clock: context.clock,
      sent: report,
      emit: (ready) => output?.next(metadata === undefined ? ready : { ...ready, context: { ...ready.context, metadata } }),
    });
    shards.set(key, shard);
    cardinality.add(1, { processor: context.id });
    return shard;
  }

  function accept(delivery: Delivery): void {
    if (stopped)
      return delivery.settlement.settle({ kind: "refused", error: PipelineError.unavailable("the batch processor was stopped") });
    const shard = shardOf(delivery);
    if (shard !== undefined) return shard.add(delivery);
    const error = new PipelineError("too many batcher metadata-value combinations", { code: "internal", retryable: false });
    delivery.settlement.settle({ kind: "failed", error, items: delivery.batch.itemCount });
  }

  function flush(): void {
    for (const shard of shards.values()) shard.flush("shutdown");
  }

  return {
    operator: (source) =>
      new Observable((subscriber) => {
        output = subscriber;
        const upstream = source.subscribe({
          next: accept,
          error: (error) => {
            flush();
            subscriber.error(error);
          },
          complete: () => {
            flush();
            subscriber.complete();
          },
        });
        return () => {
          upstream.unsubscribe();
          for (const shard of shards.values()) shard.refuse();
          output = undefined;
        };
      }),
    held: () => [...shards.values()].reduce((sum, shard) => sum + shard.held, 0),
    shutdown() {
      flush();
      stopped = true;
    },
  };
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
