import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { memoryLimiterConfig } from "../../memory/limiter-fields.ts";
import { processMemory } from "../../memory/process-memory.ts";
import { createMemoryLimiterExtension } from "./memory-limiter-extension.ts";

/** Turns requests away before they are read, while the process is short of memory. */
export const memoryLimiterExtension: ExtensionDefinition<typeof memoryLimiterConfig> = defineExtension({
  type: "memory_limiter",
  stability: "beta",
  summary: "Turns requests away before they are read, while the process is short of memory.",
  provides: ["admission"],
  config: memoryLimiterConfig,
  example: "check_interval: 1s\nlimit_percentage: 75\nspike_limit_percentage: 15\n",
  create: (config, context) => createMemoryLimiterExtension(config, context, processMemory(context.worker.count)),
});
