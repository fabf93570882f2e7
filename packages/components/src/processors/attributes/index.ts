import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { createAttributes } from "./attributes.ts";
import { attributesConfig } from "./config.ts";

/** Changes the attributes of spans, log records and data points. */
export const attributesProcessor: ProcessorDefinition<typeof attributesConfig> = defineProcessor({
  type: "attributes",
  stability: "beta",
  summary: "Writes, deletes, hashes, extracts and converts attributes of spans, log records and data points.",
  signals: ["traces", "metrics", "logs"],
  borrows: true,
  config: attributesConfig,
  example:
    "actions:\n  - { key: deployment.environment.name, value: production, action: upsert }\n  - { key: client.address, action: delete }\n",
  create: createAttributes,
});
