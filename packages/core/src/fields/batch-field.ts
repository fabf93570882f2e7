import { z } from "zod";
import { durationField } from "./duration.ts";

const fields = z.strictObject({
  flush_timeout: durationField()
    .prefault("200ms")
    .meta({ description: "Longest time that a batch waits for others.", examples: ["1s"] }),
  min_size: z
    .int()
    .min(0)
    .default(8192)
    .meta({ description: "Size at which a request goes at once, in units of `sizer`.", examples: [1000] }),
  max_size: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Upper limit of a request: larger ones are split. 0 is no limit.", examples: [10000] }),
  sizer: z
    .string()
    .refine((sizer) => sizer === "items" || sizer === "bytes", {
      error: (issue) => `\`batch\` supports only \`items\` or \`bytes\` sizer, found ${JSON.stringify(issue.input)}; write sizer: items`,
    })
    .default("items")
    .meta({ description: "What `min_size` and `max_size` count: items or bytes.", examples: ["bytes"], enum: ["items", "bytes"] }),
  partition: z
    .strictObject({
      metadata_keys: z
        .array(z.string())
        .default([])
        .meta({ description: "Request headers that separate requests.", examples: [["x-tenant"]] }),
    })
    .prefault({})
    .meta({
      description: "Only batches with the same values are joined. Needs `include_metadata: true` at the receiver.",
      examples: [{ metadata_keys: ["x-tenant"] }],
    }),
});

/** `batch` of a sending queue, with the Collector's names, defaults and messages. */
export const batchField = fields
  .superRefine((config, context) => {
    const issue = (path: (string | number)[], message: string): void => context.addIssue({ code: "custom", path, message });
    const { min_size: least, max_size: most, flush_timeout: timeout, partition } = config;
    if (timeout === 0) issue(["flush_timeout"], "`flush_timeout` must be positive; write for example flush_timeout: 200ms");
    if (most > 0 && most < least)
      issue(
        ["max_size"],
        `\`max_size\` (${most}) must be greater or equal to \`min_size\` (${least}); write max_size: ${least}, or a smaller min_size`,
      );
    const seen = new Set<string>();
    partition.metadata_keys.forEach((key, index) => {
      const lower = key.toLowerCase();
      if (seen.has(lower)) {
        const message = `duplicate entry in metadata_keys: "${lower}" (case-insensitive); take one of them out`;
        issue(["partition", "metadata_keys", index], message);
      }
      seen.add(lower);
    });
  })
  .meta({
    description: "Joins batches that wait in the queue into requests. Absent: each batch is a request of its own.",
    examples: [{ flush_timeout: "200ms", min_size: 8192, max_size: 10000 }],
  });
