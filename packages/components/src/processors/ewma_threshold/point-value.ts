import type { DataPointView, MetricView } from "@tidemark/otlp";
import { bucketQuantile } from "./quantile.ts";

/** How the points of a series are read. It is part of the series' identity, so it is decoded once. */
export interface PointKind {
  readonly type: MetricView["type"];
  readonly isDelta: boolean;
  readonly isMonotonic: boolean;
}

/** What is remembered of a series to turn its points into samples (OTLP metrics data model, "Temporality"). */
export interface PointMemory {
  readonly kind: PointKind;
  /** Time of the last point, ms; NaN before the first. */
  pointAt: number;
  /** Start time of the last cumulative point. */
  startAt: number;
  total: number;
  count: number;
  buckets: readonly number[] | undefined;
  bounds: readonly number[] | undefined;
}

/** Why points gave no sample; counted, never silent. */
export interface SkippedPoints {
  no_recorded_value: number;
  not_finite: number;
  out_of_order: number;
  /** Needed to learn a starting point, not to measure: the first of a counter, an interval without observations. */
  no_interval: number;
}

const CUMULATIVE = 2;
const NANOS_PER_MS = 1e6;

export function pointKind({ type, temporality, isMonotonic }: MetricView): PointKind {
  const isDelta = (type === "sum" || type === "histogram" || type === "exponential_histogram") && temporality !== CUMULATIVE;
  return { type, isDelta, isMonotonic };
}

export function emptyPointMemory(kind: PointKind): PointMemory {
  return { kind, pointAt: Number.NaN, startAt: 0, total: 0, count: 0, buckets: undefined, bounds: undefined };
}

/** The sample that a data point of time `at` (ms) gives: gauges as they are, sums as a rate per second, histograms as mean or quantile of the interval. NaN when it gives none. */
export function pointValue(
  point: DataPointView,
  at: number,
  memory: PointMemory,
  quantile: number | undefined,
  skipped: SkippedPoints,
): number {
  const { type, isDelta, isMonotonic } = memory.kind;
  // A delta is a valid sum whenever it arrives; everything else must move forward.
  if (!isDelta && at <= memory.pointAt) {
    skipped.out_of_order++;
    return Number.NaN;
  }
  let value: number;
  if (type === "gauge") value = Number(point.value ?? Number.NaN);
  else if (type === "sum") value = isDelta ? deltaSum(point, at, memory, isMonotonic) : cumulativeSum(point, at, memory, isMonotonic);
  else value = distribution(point, at, memory, isDelta, type === "histogram" ? quantile : undefined);
  if (!(at <= memory.pointAt)) memory.pointAt = at;
  if (Number.isFinite(value)) return value;
  // Infinity marks "nothing to measure yet"; a NaN came from the data.
  if (value === Number.POSITIVE_INFINITY && type !== "gauge") skipped.no_interval++;
  else skipped.not_finite++;
  return Number.NaN;
}

const NOTHING = Number.POSITIVE_INFINITY;

function perSecond(delta: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (delta / elapsedMs) * 1000 : NOTHING;
}

function deltaSum(point: DataPointView, at: number, memory: PointMemory, isMonotonic: boolean): number {
  const delta = Number(point.value ?? Number.NaN);
  if (!Number.isFinite(delta)) return Number.NaN;
  if (!isMonotonic) {
    memory.total += delta;
    return memory.total;
  }
  const start = Number(point.startTimeUnixNano) / NANOS_PER_MS;
  return perSecond(delta, at - (start === 0 ? memory.pointAt : start));
}

function cumulativeSum(point: DataPointView, at: number, memory: PointMemory, isMonotonic: boolean): number {
  const total = Number(point.value ?? Number.NaN);
  if (!Number.isFinite(total)) return Number.NaN;
  if (!isMonotonic) return total;
  const start = Number(point.startTimeUnixNano) / NANOS_PER_MS;
  const isFirst = Number.isNaN(memory.pointAt);
  const restarted = start !== memory.startAt;
  const delta = restarted || total < memory.total ? total : total - memory.total;
  const since = restarted ? start : memory.pointAt;
  memory.startAt = start;
  memory.total = total;
  // After a restart with a known start the value itself is the increase since then; start == time means that it is not known.
  return isFirst || since === 0 ? NOTHING : perSecond(delta, at - since);
}

function hasReset(
  memory: PointMemory,
  start: number,
  count: number,
  buckets: readonly number[] | undefined,
  bounds: readonly number[] | undefined,
): boolean {
  if (start !== memory.startAt || count < memory.count) return true;
  if (buckets === undefined) return false;
  if (memory.buckets?.length !== buckets.length || bounds?.some((bound, i) => bound !== memory.bounds?.[i]) === true) return true;
  return buckets.some((bucket, i) => bucket < (memory.buckets?.[i] ?? 0));
}

function distribution(point: DataPointView, at: number, memory: PointMemory, isDelta: boolean, quantile: number | undefined): number {
  const sum = point.sum;
  const count = Number(point.count);
  const buckets = quantile === undefined ? undefined : point.bucketCounts;
  const bounds = quantile === undefined ? undefined : point.explicitBounds;
  if (isDelta) return summarize(sum, count, buckets, bounds, quantile);
  const start = Number(point.startTimeUnixNano) / NANOS_PER_MS;
  const isFirst = Number.isNaN(memory.pointAt);
  const restarted = hasReset(memory, start, count, buckets, bounds);
  const before = memory.buckets;
  const intervalSum = sum === undefined || restarted ? sum : sum - memory.total;
  const intervalCount = restarted ? count : count - memory.count;
  const intervalBuckets = restarted ? buckets : buckets?.map((bucket, i) => bucket - (before?.[i] ?? 0));
  memory.startAt = start;
  memory.total = sum ?? 0;
  memory.count = count;
  memory.buckets = buckets;
  memory.bounds = bounds;
  const startUnknown = restarted && (start === 0 || start >= at);
  return isFirst || startUnknown ? NOTHING : summarize(intervalSum, intervalCount, intervalBuckets, bounds, quantile);
}

/** An interval without observations is no sample: it is not the same as an observation of 0. */
function summarize(
  sum: number | undefined,
  count: number,
  buckets: readonly number[] | undefined,
  bounds: readonly number[] | undefined,
  quantile: number | undefined,
): number {
  if (count <= 0) return NOTHING;
  if (quantile !== undefined && buckets !== undefined && bounds !== undefined && buckets.length > 1)
    return bucketQuantile(quantile, bounds, buckets);
  return sum === undefined ? NOTHING : sum / count;
}
