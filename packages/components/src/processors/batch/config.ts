import { durationField } from "@tidemark/core";
import { z } from "zod";

const fields = z.strictObject({
  send_batch_size: z
    .int()
    .min(0)
    .default(8192)
    .meta({ description: "Items (spans, log records, data points) that make a batch go at once. Not an upper limit.", examples: [1000] }),
  timeout: durationField()
    .prefault("200ms")
    .meta({ description: "Longest time that an item waits for others. 0s sends everything at once, whatever its size.", examples: ["1s"] }),
  send_batch_max_size: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Upper limit of a batch: larger ones are split. 0 is no limit.", examples: [10000] }),
  metadata_keys: z
    .array(z.string())
    .default([])
    .meta({
      description:
        "Request headers that separate batches: only requests with the same values are batched together. Needs `include_metadata: true` at the receiver.",
      examples: [["x-tenant"]],
    }),
  metadata_cardinality_limit: z
    .int()
    .min(0)
    .default(1000)
    .meta({ description: "Most combinations of metadata values; requests with a further one fail. 0 is no limit.", examples: [50] }),
});

/** Parsed configuration; times in milliseconds. */
export type BatchConfig = z.output<typeof fields>;

/** Options of the batch processor, with the Collector's names, defaults and messages. */
export const batchConfig: typeof fields = fields.superRefine((config, context) => {
  if (config.send_batch_max_size > 0 && config.send_batch_max_size < config.send_batch_size) {
    context.addIssue({
      code: "custom",
      path: ["send_batch_max_size"],
      message: "send_batch_max_size must be greater or equal to send_batch_size",
    });
  }
  const seen = new Set<string>();
  config.metadata_keys.forEach((key, index) => {
    const lower = key.toLowerCase();
    if (seen.has(lower)) {
      context.addIssue({
        code: "custom",
        path: ["metadata_keys", index],
        message: `duplicate entry in metadata_keys: "${lower}" (case-insensitive)`,
      });
    }
    seen.add(lower);
  });
});
