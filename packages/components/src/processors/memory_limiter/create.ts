import type { Counter } from "@opentelemetry/api";
import type { BatchFunction, ComponentContext } from "@tidemark/core";
import type { Signal } from "@tidemark/otlp";
import type { MemoryLimiterConfig } from "../../memory/limiter-fields.ts";
import { MemoryLimiter } from "../../memory/memory-limiter.ts";
import type { Memory } from "../../memory/process-memory.ts";

const ITEMS: Readonly<Record<Signal, string>> = { traces: "spans", metrics: "metric_points", logs: "log_records" };

/** Makes the processor of one pipeline. All pipelines that list the same id share one limiter and its decisions. */
export function createMemoryLimiter(
  config: MemoryLimiterConfig,
  context: ComponentContext & { readonly signal: Signal },
  memory: Memory,
): BatchFunction {
  const limiter = context.shared<MemoryLimiter>({
    // After a reload the limiter of the configuration before is still there.
    name: `memory_limiter:${context.id}:${JSON.stringify(config)}`,
    create: () => new MemoryLimiter({ config, memory, context }),
  });
  const counter = (what: "accepted" | "refused"): Counter =>
    context.meter.createCounter(`otelcol_processor_memory_limiter_${what}_${ITEMS[context.signal]}`, {
      description: `Items ${what} by the memory limiter.`,
    });
  const accepted = counter("accepted");
  const refused = counter("refused");
  const labels = { processor: context.id };
  let started = false;
  return {
    start() {
      started = true;
      limiter.start();
    },
    shutdown() {
      if (started) limiter.stop();
      started = false;
    },
    process(batch) {
      const refusal = limiter.refusal();
      (refusal === undefined ? accepted : refused).add(batch.itemCount, labels);
      if (refusal !== undefined) throw refusal;
      return batch;
    },
  };
}
