import { durationField } from "@tidemark/core";
import { z } from "zod";

const fields = z.strictObject({
  limit: z
    .int()
    .min(1)
    .default(2000)
    .meta({ description: "Series that each metric name may have at a time.", examples: [500] }),
  soft_limit: z
    .int()
    .min(0)
    .optional()
    .meta({
      description:
        "From this many series on, a new one must be seen twice before it is let in. Default: half of `limit`; the same as `limit` turns this off. Cumulative series are let in at once.",
      examples: [1500],
    }),
  ttl: durationField()
    .prefault("10m")
    .meta({ description: "A series that was not seen for this long gives its place to others.", examples: ["1h"] }),
  action: z
    .enum(["overflow", "drop", "report"])
    .default("overflow")
    .meta({
      description:
        "What happens to points of series over the limit. `overflow`: added up in one series with the attribute `otel.metric.overflow=true`; `drop`: dropped; `report`: passed on and counted only.",
      examples: ["report"],
    }),
  max_folded_series: z
    .int()
    .min(0)
    .default(20_000)
    .meta({
      description: "Cumulative series per metric name, over the limit, whose last value is remembered; points of further ones are dropped.",
      examples: [50_000],
    }),
  max_metrics: z
    .int()
    .min(1)
    .default(10_000)
    .meta({ description: "Metric names with a limit of their own; all further names share one.", examples: [1000] }),
  top_offenders: z
    .int()
    .min(0)
    .max(100)
    .default(10)
    .meta({ description: "Metric names to report by name in the processor's own metrics.", examples: [20] }),
});

/** Parsed configuration; times in milliseconds. */
export type CardinalityLimitConfig = z.output<typeof fields>;

/** Options of the cardinality limit. */
export const cardinalityLimitConfig: typeof fields = fields.superRefine((config, context) => {
  if (config.soft_limit !== undefined && config.soft_limit > config.limit) {
    context.addIssue({ code: "custom", path: ["soft_limit"], message: "'soft_limit' must not be larger than 'limit'" });
  }
  if (config.ttl <= 0) context.addIssue({ code: "custom", path: ["ttl"], message: "'ttl' must be greater than zero" });
});
