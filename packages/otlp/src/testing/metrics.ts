import type { MetricBatch } from "../index.ts";
import { batchFromObject } from "../index.ts";
import type { HistogramDataPoint, Metric, NumberDataPoint } from "../object/metric-types.ts";
import type { AttributesInput } from "./any-value.ts";
import { keyValues } from "./any-value.ts";
import type { SenderInput } from "./defaults.ts";
import { DEFAULT_TIME, resourceOf, scopeOf, timeOf } from "./defaults.ts";

/** A number point; `value` is an int when bigint, else a double. */
export interface PointInput extends Omit<NumberDataPoint, "attributes" | "asInt" | "asDouble"> {
  readonly value: number | bigint;
  readonly attributes?: AttributesInput;
}

export interface HistogramInput extends Omit<HistogramDataPoint, "attributes"> {
  readonly attributes?: AttributesInput;
}

/**
 * A metric with exactly one of `gauge`, `sum`, `histogram`, or the OTLP form of the rarer kinds in `data`.
 * `sum` is cumulative and monotonic unless `temporality` (1 delta, 2 cumulative) or `monotonic` say otherwise.
 */
export interface MetricInput {
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
  readonly gauge?: readonly PointInput[];
  readonly sum?: readonly PointInput[];
  readonly histogram?: readonly HistogramInput[];
  readonly data?: Pick<Metric, "exponentialHistogram" | "summary">;
  readonly temporality?: 1 | 2;
  readonly monotonic?: boolean;
}

export interface MetricsInput extends SenderInput {
  readonly metrics: readonly MetricInput[];
}

/**
 * A batch of metrics of one resource and scope. Point `i` of a metric defaults to a time `i` ms after
 * 2026-01-01T00:00:00Z and that instant as its start.
 */
export function metrics(input: MetricsInput): MetricBatch {
  const made = input.metrics.map(metricOf);
  return batchFromObject("metrics", {
    resourceMetrics: [{ resource: resourceOf(input), scopeMetrics: [{ scope: scopeOf(input), metrics: made }] }],
  });
}

function metricOf(input: MetricInput): Metric {
  const { name, unit = "", description = "", gauge, sum, histogram, data, temporality = 2, monotonic = true } = input;
  return {
    name,
    unit,
    description,
    ...(gauge && { gauge: { dataPoints: gauge.map(pointOf) } }),
    ...(sum && { sum: { dataPoints: sum.map(pointOf), aggregationTemporality: temporality, isMonotonic: monotonic } }),
    ...(histogram && { histogram: { dataPoints: histogram.map(histogramPointOf), aggregationTemporality: temporality } }),
    ...data,
  };
}

function pointOf(input: PointInput, index: number): NumberDataPoint {
  const { value, attributes, ...fields } = input;
  return {
    startTimeUnixNano: DEFAULT_TIME,
    timeUnixNano: timeOf(index),
    ...fields,
    attributes: keyValues(attributes ?? {}),
    ...(typeof value === "bigint" ? { asInt: value } : { asDouble: value }),
  };
}

function histogramPointOf(input: HistogramInput, index: number): HistogramDataPoint {
  const { attributes, ...fields } = input;
  return { startTimeUnixNano: DEFAULT_TIME, timeUnixNano: timeOf(index), ...fields, attributes: keyValues(attributes ?? {}) };
}
