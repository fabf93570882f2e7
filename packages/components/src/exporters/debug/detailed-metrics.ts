import type {
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  KeyValue,
  Metric,
  MetricsData,
  NumberDataPoint,
  SummaryDataPoint,
} from "@tidemark/otlp";
import { METRIC_NAMES, pushResource, pushScope } from "./envelopes.ts";
import { joinLines, fixed, pushAttributes, timestamp, type Lines } from "./text.ts";

const TEMPORALITIES: readonly string[] = ["Unspecified", "Delta", "Cumulative"];

interface TimedPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano?: bigint;
}

/** Every field of every data point, as the Collector's debug exporter writes them. */
export function detailedMetrics(data: MetricsData): string {
  const lines: Lines = [];
  (data.resourceMetrics ?? []).forEach((resource, r) => {
    pushResource(lines, METRIC_NAMES, r, resource);
    (resource.scopeMetrics ?? []).forEach((scope, s) => {
      pushScope(lines, METRIC_NAMES, s, scope);
      (scope.metrics ?? []).forEach((metric, index) => {
        lines.push(`Metric #${index}`, "Descriptor:", `     -> Name: ${metric.name ?? ""}`);
        lines.push(`     -> Description: ${metric.description ?? ""}`, `     -> Unit: ${metric.unit ?? ""}`);
        pushData(lines, metric);
      });
    });
  });
  return joinLines(lines);
}

function pushData(lines: Lines, metric: Metric): void {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  const type = (name: string, temporality?: number): void => {
    lines.push(`     -> DataType: ${name}`);
    if (name === "Sum") lines.push(`     -> IsMonotonic: ${sum?.isMonotonic === true}`);
    if (temporality !== undefined) lines.push(`     -> AggregationTemporality: ${TEMPORALITIES[temporality] ?? temporality}`);
  };
  if (gauge !== undefined) {
    type("Gauge");
    pushPoints(lines, "NumberDataPoints", gauge.dataPoints, pushNumber);
  } else if (sum !== undefined) {
    type("Sum", sum.aggregationTemporality ?? 0);
    pushPoints(lines, "NumberDataPoints", sum.dataPoints, pushNumber);
  } else if (histogram !== undefined) {
    type("Histogram", histogram.aggregationTemporality ?? 0);
    pushPoints(lines, "HistogramDataPoints", histogram.dataPoints, pushHistogram);
  } else if (exponentialHistogram !== undefined) {
    type("ExponentialHistogram", exponentialHistogram.aggregationTemporality ?? 0);
    pushPoints(lines, "ExponentialHistogramDataPoints", exponentialHistogram.dataPoints, pushExponential);
  } else if (summary !== undefined) {
    type("Summary");
    pushPoints(lines, "SummaryDataPoints", summary.dataPoints, pushSummary);
  } else type("Empty");
}

function pushPoints<P extends TimedPoint>(
  lines: Lines,
  name: string,
  points: readonly P[] | undefined,
  push: (lines: Lines, point: P) => void,
): void {
  (points ?? []).forEach((point, index) => {
    lines.push(`${name} #${index}`);
    pushAttributes(lines, "Data point attributes", point.attributes);
    lines.push(`StartTimestamp: ${timestamp(point.startTimeUnixNano)}`, `Timestamp: ${timestamp(point.timeUnixNano)}`);
    push(lines, point);
  });
}

function pushNumber(lines: Lines, point: NumberDataPoint): void {
  if (point.asInt !== undefined) lines.push(`Value: ${point.asInt}`);
  else if (point.asDouble !== undefined) lines.push(`Value: ${fixed(point.asDouble)}`);
  pushExemplars(lines, point.exemplars);
}

function pushMoments(lines: Lines, point: HistogramDataPoint | ExponentialHistogramDataPoint): void {
  lines.push(`Count: ${point.count ?? 0n}`);
  if (point.sum !== undefined) lines.push(`Sum: ${fixed(point.sum)}`);
  if (point.min !== undefined) lines.push(`Min: ${fixed(point.min)}`);
  if (point.max !== undefined) lines.push(`Max: ${fixed(point.max)}`);
}

function pushHistogram(lines: Lines, point: HistogramDataPoint): void {
  pushMoments(lines, point);
  (point.explicitBounds ?? []).forEach((bound, index) => lines.push(`ExplicitBounds #${index}: ${fixed(bound)}`));
  (point.bucketCounts ?? []).forEach((count, index) => lines.push(`Buckets #${index}, Count: ${count}`));
  pushExemplars(lines, point.exemplars);
}

function pushExponential(lines: Lines, point: ExponentialHistogramDataPoint): void {
  pushMoments(lines, point);
  // Bucket i covers (base^i, base^(i+1)], base = 2^(2^-scale) (metrics data model, "Exponential Scale").
  const factor = Math.LN2 * 2 ** -(point.scale ?? 0);
  const bound = (index: number): number => Math.exp(index * factor);
  const negative = point.negative?.bucketCounts ?? [];
  for (let at = negative.length - 1; at >= 0; at -= 1) {
    const index = (point.negative?.offset ?? 0) + at;
    lines.push(`Bucket [${fixed(-bound(index + 1))}, ${fixed(-bound(index))}), Count: ${negative[at]}`);
  }
  if ((point.zeroCount ?? 0n) !== 0n) lines.push(`Bucket [0, 0], Count: ${point.zeroCount}`);
  (point.positive?.bucketCounts ?? []).forEach((count, at) => {
    const index = (point.positive?.offset ?? 0) + at;
    lines.push(`Bucket (${fixed(bound(index))}, ${fixed(bound(index + 1))}], Count: ${count}`);
  });
  pushExemplars(lines, point.exemplars);
}

function pushSummary(lines: Lines, point: SummaryDataPoint): void {
  lines.push(`Count: ${point.count ?? 0n}`, `Sum: ${fixed(point.sum)}`);
  (point.quantileValues ?? []).forEach(({ quantile, value }, index) =>
    lines.push(`QuantileValue #${index}: Quantile ${fixed(quantile)}, Value ${fixed(value)}`),
  );
}

function pushExemplars(lines: Lines, exemplars: NumberDataPoint["exemplars"]): void {
  if (exemplars === undefined || exemplars.length === 0) return;
  lines.push("Exemplars:");
  exemplars.forEach((exemplar, index) => {
    lines.push(`Exemplar #${index}`, `     -> Trace ID: ${exemplar.traceId ?? ""}`, `     -> Span ID: ${exemplar.spanId ?? ""}`);
    lines.push(`     -> Timestamp: ${timestamp(exemplar.timeUnixNano)}`);
    if (exemplar.asInt !== undefined) lines.push(`     -> Value: ${exemplar.asInt}`);
    else if (exemplar.asDouble !== undefined) lines.push(`     -> Value: ${fixed(exemplar.asDouble)}`);
    pushAttributes(lines, "     -> FilteredAttributes", exemplar.filteredAttributes);
  });
}
