import { z } from "zod";
import { actionField } from "../../attribute-actions/action-fields.ts";
import { matchField } from "./match-fields.ts";

const fields = z.strictObject({
  actions: z
    .array(actionField)
    .min(1)
    .meta({
      description: "What to do, in this order.",
      examples: [[{ key: "deployment.environment.name", value: "production", action: "upsert" }]],
    }),
  include: matchField
    .optional()
    .meta({ description: "Only items that match are changed.", examples: [{ match_type: "strict", services: ["chat"] }] }),
  exclude: matchField.optional().meta({
    description: "Items that match stay as they are, also included ones.",
    examples: [{ match_type: "regexp", span_names: ["^health"] }],
  }),
});

/** Options of the attributes processor, with the Collector's names. */
export const attributesConfig: typeof fields = fields;

/** Parsed configuration. */
export type AttributesConfig = z.output<typeof fields>;
