import { BY_METRIC_NAME, defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { createCardinalityLimit } from "./cardinality-limit.ts";
import { cardinalityLimitConfig } from "./config.ts";

/** Bounds the number of series of each metric without making its totals wrong. */
export const cardinalityLimitProcessor: ProcessorDefinition<typeof cardinalityLimitConfig> = defineProcessor({
  type: "cardinality_limit",
  stability: "alpha",
  summary: "Bounds the number of series of each metric; what is over the limit is added up in one series, so totals stay right.",
  signals: ["metrics"],
  config: cardinalityLimitConfig,
  example: "limit: 2000\nttl: 10m\n",
  partition: () => BY_METRIC_NAME,
  create: createCardinalityLimit,
});
