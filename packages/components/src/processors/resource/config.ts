import { z } from "zod";
import { actionField } from "../../attribute-actions/action-fields.ts";

const fields = z.strictObject({
  attributes: z
    .array(actionField)
    .min(1)
    .meta({
      description: "What to do with the attributes of each resource, in this order.",
      examples: [[{ key: "deployment.environment.name", value: "production", action: "upsert" }]],
    }),
});

/** Options of the resource processor, with the Collector's names. */
export const resourceConfig: typeof fields = fields;
