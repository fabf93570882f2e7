import type { Signal } from "@tidemark/otlp";
import type { ProcessorDefinition } from "../contract/component.ts";
import type { Partition } from "../contract/worker.ts";
import { cuts } from "../exchange/cut-batch.ts";

/** What a processor must see in one place, where there are several. */
export function partitionOf(definition: ProcessorDefinition, config: unknown, signal: Signal): Partition | undefined {
  const partition = definition.partition?.(config, signal);
  return partition !== undefined && cuts(partition, signal) ? partition : undefined;
}
