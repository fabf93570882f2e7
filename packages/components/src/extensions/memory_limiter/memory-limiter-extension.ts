import type { ComponentContext, Extension } from "@tidemark/core";
import type { MemoryLimiterConfig } from "../../memory/limiter-fields.ts";
import { MemoryLimiter } from "../../memory/memory-limiter.ts";
import type { Memory } from "../../memory/process-memory.ts";

/** Makes the extension; receivers that list it under `middlewares` ask it before they read a request. */
export function createMemoryLimiterExtension(config: MemoryLimiterConfig, context: ComponentContext, memory: Memory): Extension {
  const limiter = new MemoryLimiter({ config, memory, context });
  let started = false;
  return {
    admission: limiter,
    start() {
      started = true;
      limiter.start();
    },
    shutdown() {
      if (started) limiter.stop();
      started = false;
    },
  };
}
