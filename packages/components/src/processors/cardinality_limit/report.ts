import type { BatchObservableCallback } from "@opentelemetry/api";
import type { ComponentContext } from "@tidemark/core";
import type { CardinalityLimitConfig } from "./config.ts";
import type { CardinalityState, PassCounts } from "./state.ts";

const PREFIX = "tidemark_processor_cardinality_limit";

/** The processor's own metrics. Only the worst metric names appear by name, so that the report cannot explode itself. */
export interface Report {
  batch(counts: PassCounts): void;
  stop(): void;
}

/** Registers the instruments. */
export function createReport(context: ComponentContext, config: CardinalityLimitConfig, metrics: CardinalityState["metrics"]): Report {
  const { meter } = context;
  const labels = { processor: context.id };
  const overflowed = meter.createCounter(`${PREFIX}_overflowed_points`, {
    description: "Points that were added up in an overflow series.",
  });
  const dropped = meter.createCounter(`${PREFIX}_dropped_points`, { description: "Points of series over the limit that were dropped." });
  const reported = meter.createCounter(`${PREFIX}_reported_points`, {
    description: "Points that would have been limited (`action: report`).",
  });
  const tracked = meter.createObservableGauge(`${PREFIX}_metrics`, { description: "Metric names with series." });
  const series = meter.createObservableGauge(`${PREFIX}_series`, {
    description: "Series that have a place, of the metric names with the most.",
  });
  const limited = meter.createObservableGauge(`${PREFIX}_limited_points`, {
    description: "Points over the limit since the start, of the metric names with the most.",
  });
  const observe: BatchObservableCallback = (result) => {
    result.observe(tracked, metrics.size, labels);
    const rows = [...metrics.values()].map(({ limiter }) => ({
      name: limiter.name,
      series: limiter.series.admitted,
      limited: limiter.limited,
    }));
    const worst = rows.toSorted((a, b) => b.limited - a.limited || b.series - a.series).slice(0, config.top_offenders);
    for (const row of worst) {
      result.observe(series, row.series, { ...labels, metric: row.name });
      result.observe(limited, row.limited, { ...labels, metric: row.name });
    }
  };
  meter.addBatchObservableCallback(observe, [tracked, series, limited]);
  return {
    batch(counts) {
      if (counts.folded > 0) overflowed.add(counts.folded, labels);
      if (counts.dropped > 0) dropped.add(counts.dropped, labels);
      if (counts.reported > 0) reported.add(counts.reported, labels);
    },
    stop: () => meter.removeBatchObservableCallback(observe, [tracked, series, limited]),
  };
}
