import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { ewmaThresholdConfig } from "./config.ts";
import { EwmaThreshold } from "./ewma-threshold.ts";
import { seriesPartition } from "./series-partition.ts";

/** Alerts when a series leaves its exponentially weighted baseline. */
export const ewmaThresholdProcessor: ProcessorDefinition<typeof ewmaThresholdConfig> = defineProcessor({
  type: "ewma_threshold",
  stability: "beta",
  summary: "Learns a moving baseline for every series and raises an alert, with its evidence, when a value leaves it.",
  signals: ["metrics", "traces"],
  emitsAlerts: true,
  config: ewmaThresholdConfig,
  example: "match:\n  metrics: [chat.delivery.latency]\nmultiplier: 1.5\nmin_samples: 30\n",
  partition: seriesPartition,
  create: (config, context) => new EwmaThreshold(config, context),
});
