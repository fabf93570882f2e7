import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { AttributeActions } from "../../attribute-actions/attribute-actions.ts";
import { resourceConfig } from "./config.ts";

/** Changes the attributes of resources. */
export const resourceProcessor: ProcessorDefinition<typeof resourceConfig> = defineProcessor({
  type: "resource",
  stability: "beta",
  summary: "Writes, deletes, hashes, extracts and converts attributes of resources.",
  signals: ["traces", "metrics", "logs"],
  borrows: true,
  config: resourceConfig,
  example: "attributes:\n  - { key: deployment.environment.name, value: production, action: upsert }\n",
  create({ attributes }) {
    const actions = new AttributeActions(attributes);
    return {
      process(batch, { context }) {
        const change = actions.forRequest(context);
        return batch.edit({ resource: (resource) => change(resource.attributes) });
      },
    };
  },
});
