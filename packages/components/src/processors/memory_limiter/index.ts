import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { memoryLimiterConfig } from "../../memory/limiter-fields.ts";
import { processMemory } from "../../memory/process-memory.ts";
import { createMemoryLimiter } from "./create.ts";

/** Refuses data, retryably, while the process is short of memory. */
export const memoryLimiterProcessor: ProcessorDefinition<typeof memoryLimiterConfig> = defineProcessor({
  type: "memory_limiter",
  stability: "beta",
  summary: "Refuses data, so that clients send it again later, while the process is short of memory.",
  signals: ["traces", "metrics", "logs"],
  borrows: true,
  config: memoryLimiterConfig,
  example: "check_interval: 1s\nlimit_mib: 512\nspike_limit_mib: 128\n",
  create: (config, context) => createMemoryLimiter(config, context, processMemory(context.worker.count)),
});
