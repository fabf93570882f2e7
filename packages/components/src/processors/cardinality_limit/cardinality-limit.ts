import type { BatchFunction, ComponentContext } from "@tidemark/core";
import {
  batchFromObject,
  mergeBatches,
  type Batch,
  type DataPointView,
  type MetricBatch,
  type MetricsData,
  type ResourceMetrics,
} from "@tidemark/otlp";
import type { CardinalityLimitConfig } from "./config.ts";
import { newIncrease, readTotals, sameBounds } from "./increase.ts";
import { EPOCHS_PER_TTL, metricKind, MetricLimiter, type MetricKind, type Verdict } from "./metric-limiter.ts";
import { envelopeOf, OverflowGroup } from "./overflow-group.ts";
import { createReport } from "./report.ts";
import type { CardinalityState, PassCounts } from "./state.ts";

/** Overflow series that keep their resource, per metric name; the points of further resources share one without. */
const MAX_RESOURCES = 64;
/** Stands for all metric names beyond `max_metrics`. */
const OTHER_METRICS = "(other metrics)";

/** Makes the processor of one pipeline. */
export function createCardinalityLimit(
  config: CardinalityLimitConfig,
  context: ComponentContext & { readonly pipeline: string },
): BatchFunction {
  const state = context.state<CardinalityState>(`series/${context.pipeline}/${JSON.stringify(config)}`, 1, () => ({
    metrics: new Map(),
    epoch: 0,
  })).value;
  const report = createReport(context, config, state.metrics);
  const epochMs = config.ttl / EPOCHS_PER_TTL;

  function passTime(): void {
    const now = context.clock.now();
    const epoch = Math.floor(now / epochMs);
    if (epoch === state.epoch) return;
    state.epoch = epoch;
    for (const [name, entry] of state.metrics) {
      entry.limiter.expire(epoch, now * 1e6, entry.isCumulative);
      if (entry.limiter.isBlank) state.metrics.delete(name);
    }
  }

  return {
    process(batch: Batch) {
      if (batch.signal !== "metrics") return batch;
      passTime();
      const pass = new LimitPass(batch, config, state);
      const result = pass.run();
      report.batch(pass.counts);
      for (const [reason, items] of pass.drops) context.drop(reason, items);
      return result.itemCount === 0 ? undefined : result;
    },
    shutdown: () => report.stop(),
  };
}

/** One walk over one batch. */
class LimitPass {
  readonly counts: PassCounts = { folded: 0, dropped: 0, reported: 0 };
  readonly drops = new Map<string, number>();
  readonly #batch: MetricBatch;
  readonly #config: CardinalityLimitConfig;
  readonly #state: CardinalityState;
  readonly #increase = newIncrease();
  readonly #touched = new Set<OverflowGroup>();
  #metricIndex = -1;
  #limiter!: MetricLimiter;
  #kind!: MetricKind;
  /** Overflow series of the current metric and resource, once one of its points was folded. */
  #groups: OverflowGroup[] | undefined;
  #keepsResource = true;

  constructor(batch: MetricBatch, config: CardinalityLimitConfig, state: CardinalityState) {
    this.#batch = batch;
    this.#config = config;
    this.#state = state;
  }

  run(): MetricBatch {
    const kept = this.#batch.filter((point) => {
      if (point.metric.index !== this.#metricIndex) this.#enter(point);
      const verdict = this.#limiter.judge(point, this.#kind, this.#state.epoch);
      return verdict === "pass" || this.#limit(point, verdict);
    });
    if (this.#touched.size === 0) return kept;
    const resourceMetrics: ResourceMetrics[] = [...this.#touched].map((group) => group.take());
    this.#drop("folded_into_overflow", this.counts.folded - resourceMetrics.length);
    const overflow = batchFromObject("metrics", { resourceMetrics });
    return kept.itemCount === 0 ? overflow : mergeBatches([kept, overflow]);
  }

  #enter(point: DataPointView): void {
    const { metric } = point;
    this.#metricIndex = metric.index;
    this.#kind = metricKind(metric);
    this.#groups = undefined;
    const { metrics } = this.#state;
    const name = metrics.has(metric.name) || metrics.size < this.#config.max_metrics ? metric.name : OTHER_METRICS;
    let entry = metrics.get(name);
    if (entry === undefined) {
      entry = { limiter: new MetricLimiter(name, this.#config), isCumulative: this.#kind.isCumulative };
      metrics.set(name, entry);
    }
    entry.isCumulative ||= this.#kind.isCumulative;
    this.#limiter = entry.limiter;
  }

  /** Treats a point of a series over the limit; returns whether it stays in the batch. */
  #limit(point: DataPointView, verdict: Verdict): boolean {
    this.#limiter.limited += 1;
    if (this.#config.action === "report") {
      this.counts.reported += 1;
      return true;
    }
    if (verdict === "over_limit" || verdict === "memory_full") {
      this.counts.dropped += 1;
      this.#drop(this.#reason(verdict), 1);
    } else if (point.noRecordedValue) {
      // The end of one series is not the end of the overflow.
      this.counts.dropped += 1;
      this.#drop("stale_marker_over_limit", 1);
    } else this.#fold(point, verdict === "fold_known");
    return false;
  }

  #reason(verdict: "over_limit" | "memory_full"): string {
    if (verdict === "memory_full") return "fold_memory_full";
    return this.#config.action === "drop" ? "series_limit" : this.#kind.dropReason;
  }

  #fold(point: DataPointView, isKnownElsewhere: boolean): void {
    const increase = this.#increase;
    readTotals(point, this.#kind.isHistogram, increase);
    if (this.#kind.isCumulative) this.#limiter.increases.take(point.seriesIdentity, point, increase, isKnownElsewhere);
    const group = this.#groupFor(point, this.#kind.isHistogram ? increase.bounds : []);
    group.add(increase, point);
    this.#touched.add(group);
    this.counts.folded += 1;
  }

  #groupFor(point: DataPointView, bounds: readonly number[]): OverflowGroup {
    this.#groups ??= this.#findGroups(point);
    const known = this.#groups.find((group) => sameBounds(group.bounds, bounds));
    if (known !== undefined) return known;
    const only: MetricsData = this.#batch.filter((other) => other.index === point.index).toObject();
    const envelope = envelopeOf(only, this.#keepsResource);
    if (envelope === undefined) throw new Error("a batch of one point has no metric");
    const group = new OverflowGroup(envelope, bounds);
    this.#groups.push(group);
    return group;
  }

  #findGroups(point: DataPointView): OverflowGroup[] {
    const { metric, scope } = point;
    const { groups } = this.#limiter;
    const own = `${metric.name}|${metric.unit}|${metric.type}|${metric.temporality}|${metric.isMonotonic}|${scope.name}|${scope.version}|${scope.attributes.hash()}`;
    const withResource = `${point.resource.attributes.hash()}|${own}`;
    this.#keepsResource = groups.has(withResource) || groups.size < MAX_RESOURCES;
    const key = this.#keepsResource ? withResource : `-|${own}`;
    const known = groups.get(key);
    if (known !== undefined) return known;
    const made: OverflowGroup[] = [];
    groups.set(key, made);
    return made;
  }

  #drop(reason: string, items: number): void {
    if (items > 0) this.drops.set(reason, (this.drops.get(reason) ?? 0) + items);
  }
}
