import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { createBatchProcessor } from "./batch.ts";
import { batchConfig } from "./config.ts";

/** Joins small requests into larger ones without losing one. */
export const batchProcessor: ProcessorDefinition<typeof batchConfig> = defineProcessor({
  type: "batch",
  stability: "beta",
  summary: "Joins small requests into larger ones; every client still hears what became of its own data.",
  signals: ["traces", "metrics", "logs"],
  borrows: true,
  config: batchConfig,
  example: "send_batch_size: 8192\ntimeout: 200ms\n",
  create: createBatchProcessor,
});
