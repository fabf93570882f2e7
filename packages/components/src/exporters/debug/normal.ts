import { decodeAlert, renderText } from "@tidemark/alerting";
import type {
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  KeyValue,
  LogBatch,
  Metric,
  MetricsData,
  NumberDataPoint,
  SummaryDataPoint,
  TracesData,
} from "@tidemark/otlp";
import { LOG_NAMES, METRIC_NAMES, resourceLine, scopeLine, TRACE_NAMES } from "./envelopes.ts";
import { joinLines, attributePairs, fixed, valueText, type Lines } from "./text.ts";

/** One line per span: name, ids and attributes. */
export function normalTraces(data: TracesData): string {
  const lines: Lines = [];
  (data.resourceSpans ?? []).forEach((resource, r) => {
    lines.push(resourceLine(TRACE_NAMES, r, resource));
    (resource.scopeSpans ?? []).forEach((scope, s) => {
      lines.push(scopeLine(TRACE_NAMES, s, scope));
      for (const span of scope.spans ?? [])
        lines.push([span.name ?? "", span.traceId ?? "", span.spanId ?? "", ...attributePairs(span.attributes)].join(" "));
    });
  });
  return joinLines(lines);
}

/** One line per log record: body and attributes. */
export function normalLogs(batch: LogBatch): string {
  const lines: Lines = [];
  (batch.toObject().resourceLogs ?? []).forEach((resource, r) => {
    lines.push(resourceLine(LOG_NAMES, r, resource));
    (resource.scopeLogs ?? []).forEach((scope, s) => {
      lines.push(scopeLine(LOG_NAMES, s, scope));
      for (const record of scope.logRecords ?? []) lines.push([valueText(record.body), ...attributePairs(record.attributes)].join(" "));
    });
  });
  return joinLines(lines);
}

/** The alerts of a batch, one line each, and the rest of it. Text that users control comes out escaped. */
export function takeAlerts(batch: LogBatch): { readonly alerts: readonly string[]; readonly rest: LogBatch } {
  const alerts: string[] = [];
  const rest = batch.filter((record) => {
    const alert = decodeAlert(record);
    if (alert === undefined) return true;
    alerts.push(renderText(alert).replaceAll("\n", " | "));
    return false;
  });
  return { alerts, rest };
}

/** One line per data point: name, attributes and value. */
export function normalMetrics(data: MetricsData): string {
  const lines: Lines = [];
  (data.resourceMetrics ?? []).forEach((resource, r) => {
    lines.push(resourceLine(METRIC_NAMES, r, resource));
    (resource.scopeMetrics ?? []).forEach((scope, s) => {
      lines.push(scopeLine(METRIC_NAMES, s, scope));
      for (const metric of scope.metrics ?? []) pushMetric(lines, metric);
    });
  });
  return joinLines(lines);
}

function pushMetric(lines: Lines, metric: Metric): void {
  const push = (attributes: readonly KeyValue[] | undefined, ...values: readonly string[]): void =>
    void lines.push(`${metric.name ?? ""}{${attributePairs(attributes).join(",")}} ${values.join(" ")}`);
  metric.gauge?.dataPoints?.forEach((point) => push(point.attributes, number(point)));
  metric.sum?.dataPoints?.forEach((point) => push(point.attributes, number(point)));
  metric.histogram?.dataPoints?.forEach((point) => push(point.attributes, ...moments(point), ...buckets(point)));
  metric.exponentialHistogram?.dataPoints?.forEach((point) => push(point.attributes, ...moments(point), ...exponentialBuckets(point)));
  metric.summary?.dataPoints?.forEach((point) => push(point.attributes, ...quantiles(point)));
}

function number(point: NumberDataPoint): string {
  return String(point.asInt ?? point.asDouble ?? "");
}

function moments(point: HistogramDataPoint | ExponentialHistogramDataPoint): string[] {
  const { count = 0n, sum, min, max } = point;
  const parts = [`count=${count}`];
  if (sum !== undefined) parts.push(`sum=${sum}`);
  if (min !== undefined) parts.push(`min=${min}`);
  if (max !== undefined) parts.push(`max=${max}`);
  return parts;
}

function buckets(point: HistogramDataPoint): string[] {
  return (point.bucketCounts ?? []).map((count, index) => {
    const bound = point.explicitBounds?.[index];
    return bound === undefined ? String(count) : `le${bound}=${count}`;
  });
}

function exponentialBuckets(point: ExponentialHistogramDataPoint): string[] {
  const base = 2 ** (2 ** -(point.scale ?? 0));
  const of = (side: ExponentialHistogramDataPoint["positive"]): string[] =>
    (side?.bucketCounts ?? []).map((count, at) => `le${base ** ((side?.offset ?? 0) + at)}=${count}`);
  const zero = (point.zeroCount ?? 0n) > 0n ? [`zero_count${point.zeroThreshold ?? 0}=${point.zeroCount}`] : [];
  return [...of(point.negative), ...of(point.positive), ...zero];
}

function quantiles(point: SummaryDataPoint): string[] {
  return [
    `count=${point.count ?? 0n}`,
    `sum=${fixed(point.sum)}`,
    ...(point.quantileValues ?? []).map(({ quantile = 0, value = 0 }) => `q${quantile}=${value}`),
  ];
}
