import { z } from "zod";
import { MIN_PROBABILITY } from "./threshold.ts";

const MIN_PERCENTAGE = 100 * MIN_PROBABILITY;

const fields = z.strictObject({
  mode: z
    .enum(["hash_seed", "proportional", "equalizing"])
    .default("hash_seed")
    .meta({
      description:
        "How the decision is made. `hash_seed`: hash of the trace id and the seed; `proportional`: lowers the probability that arrives by the same factor everywhere; `equalizing`: brings everything down to the same probability.",
      examples: ["proportional"],
    }),
  sampling_percentage: z
    .number()
    .default(0)
    .meta({ description: "Share of the items to keep, in per cent. 0 keeps none, 100 and more keep all.", examples: [15.3] }),
  hash_seed: z
    .int()
    .min(0)
    .max(0xffffffff)
    .default(0)
    .meta({ description: "Seed of the hash. Collectors of one tier need the same seed.", examples: [22] }),
  fail_closed: z
    .boolean()
    .default(true)
    .meta({
      description: "Whether items that cannot be decided on (no trace id, broken or contradicting tracestate) are dropped.",
      examples: [false],
    }),
  sampling_precision: z
    .int()
    .default(4)
    .meta({ description: "Significant hex digits of the thresholds that are written, 1 to 14.", examples: [6] }),
  attribute_source: z
    .enum(["traceID", "record"])
    .default("traceID")
    .meta({ description: "Logs only: where the randomness comes from.", examples: ["record"] }),
  from_attribute: z
    .string()
    .default("")
    .meta({
      description: "Logs only: attribute to hash where there is no trace id, or always with `attribute_source: record`.",
      examples: ["log.record.uid"],
    }),
  sampling_priority: z
    .string()
    .default("")
    .meta({ description: "Logs only: attribute that holds the percentage with which this record is to be kept.", examples: ["priority"] }),
});

/** Parsed configuration. */
export type ProbabilisticSamplerConfig = z.output<typeof fields>;

/** Options of the sampler, with the Collector's names, defaults and messages. */
export const probabilisticSamplerConfig: typeof fields = fields.superRefine((config, context) => {
  const percentage = config.sampling_percentage;
  const complain = (path: keyof ProbabilisticSamplerConfig, message: string): void =>
    context.addIssue({ code: "custom", path: [path], message });
  if (percentage < 0) complain("sampling_percentage", `sampling rate is negative: ${percentage}%`);
  else if (percentage > 0 && percentage < MIN_PERCENTAGE) complain("sampling_percentage", `sampling rate is too small: ${percentage}%`);
  if (config.sampling_precision < 1) complain("sampling_precision", `invalid sampling precision: ${config.sampling_precision}`);
  if (config.sampling_precision > 14)
    complain("sampling_precision", `sampling precision is too great, should be <= 14: ${config.sampling_precision}`);
});
