import type { MessageFields } from "./types.ts";

/** AggregationTemporality */
export const TEMPORALITIES: readonly string[] = [
  "AGGREGATION_TEMPORALITY_UNSPECIFIED",
  "AGGREGATION_TEMPORALITY_DELTA",
  "AGGREGATION_TEMPORALITY_CUMULATIVE",
];

/** opentelemetry.proto.metrics.v1, OTLP 1.11. */
export const METRIC_MESSAGES: Readonly<
  Record<
    | "MetricsData"
    | "ResourceMetrics"
    | "ScopeMetrics"
    | "Metric"
    | "Gauge"
    | "Sum"
    | "Histogram"
    | "ExponentialHistogram"
    | "Summary"
    | "NumberDataPoint"
    | "HistogramDataPoint"
    | "ExponentialHistogramDataPoint"
    | "SummaryDataPoint"
    | "Exemplar"
    | "ExponentialHistogramDataPoint.Buckets"
    | "SummaryDataPoint.ValueAtQuantile",
    MessageFields
  >
> = {
  MetricsData: [
    { number: 1, name: "resource_metrics", json: "resourceMetrics", kind: "message", message: "ResourceMetrics", repeated: true },
  ],
  ResourceMetrics: [
    { number: 1, name: "resource", json: "resource", kind: "message", message: "Resource" },
    { number: 2, name: "scope_metrics", json: "scopeMetrics", kind: "message", message: "ScopeMetrics", repeated: true },
    { number: 3, name: "schema_url", json: "schemaUrl", kind: "string" },
  ],
  ScopeMetrics: [
    { number: 1, name: "scope", json: "scope", kind: "message", message: "InstrumentationScope" },
    { number: 2, name: "metrics", json: "metrics", kind: "message", message: "Metric", repeated: true },
    { number: 3, name: "schema_url", json: "schemaUrl", kind: "string" },
  ],
  Metric: [
    { number: 1, name: "name", json: "name", kind: "string" },
    { number: 2, name: "description", json: "description", kind: "string" },
    { number: 3, name: "unit", json: "unit", kind: "string" },
    { number: 5, name: "gauge", json: "gauge", kind: "message", message: "Gauge", oneof: "data" },
    { number: 7, name: "sum", json: "sum", kind: "message", message: "Sum", oneof: "data" },
    { number: 9, name: "histogram", json: "histogram", kind: "message", message: "Histogram", oneof: "data" },
    {
      number: 10,
      name: "exponential_histogram",
      json: "exponentialHistogram",
      kind: "message",
      message: "ExponentialHistogram",
      oneof: "data",
    },
    { number: 11, name: "summary", json: "summary", kind: "message", message: "Summary", oneof: "data" },
    { number: 12, name: "metadata", json: "metadata", kind: "message", message: "KeyValue", repeated: true },
  ],
  Gauge: [{ number: 1, name: "data_points", json: "dataPoints", kind: "message", message: "NumberDataPoint", repeated: true }],
  Sum: [
    { number: 1, name: "data_points", json: "dataPoints", kind: "message", message: "NumberDataPoint", repeated: true },
    { number: 2, name: "aggregation_temporality", json: "aggregationTemporality", kind: "enum", values: TEMPORALITIES },
    { number: 3, name: "is_monotonic", json: "isMonotonic", kind: "bool" },
  ],
  Histogram: [
    { number: 1, name: "data_points", json: "dataPoints", kind: "message", message: "HistogramDataPoint", repeated: true },
    { number: 2, name: "aggregation_temporality", json: "aggregationTemporality", kind: "enum", values: TEMPORALITIES },
  ],
  ExponentialHistogram: [
    { number: 1, name: "data_points", json: "dataPoints", kind: "message", message: "ExponentialHistogramDataPoint", repeated: true },
    { number: 2, name: "aggregation_temporality", json: "aggregationTemporality", kind: "enum", values: TEMPORALITIES },
  ],
  Summary: [{ number: 1, name: "data_points", json: "dataPoints", kind: "message", message: "SummaryDataPoint", repeated: true }],
  NumberDataPoint: [
    { number: 2, name: "start_time_unix_nano", json: "startTimeUnixNano", kind: "fixed64" },
    { number: 3, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 4, name: "as_double", json: "asDouble", kind: "double", oneof: "value" },
    { number: 5, name: "exemplars", json: "exemplars", kind: "message", message: "Exemplar", repeated: true },
    { number: 6, name: "as_int", json: "asInt", kind: "sfixed64", oneof: "value" },
    { number: 7, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 8, name: "flags", json: "flags", kind: "uint32" },
  ],
  HistogramDataPoint: [
    { number: 2, name: "start_time_unix_nano", json: "startTimeUnixNano", kind: "fixed64" },
    { number: 3, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 4, name: "count", json: "count", kind: "fixed64" },
    { number: 5, name: "sum", json: "sum", kind: "double", oneof: "_sum" },
    { number: 6, name: "bucket_counts", json: "bucketCounts", kind: "fixed64", repeated: true },
    { number: 7, name: "explicit_bounds", json: "explicitBounds", kind: "double", repeated: true },
    { number: 8, name: "exemplars", json: "exemplars", kind: "message", message: "Exemplar", repeated: true },
    { number: 9, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 10, name: "flags", json: "flags", kind: "uint32" },
    { number: 11, name: "min", json: "min", kind: "double", oneof: "_min" },
    { number: 12, name: "max", json: "max", kind: "double", oneof: "_max" },
  ],
  ExponentialHistogramDataPoint: [
    { number: 1, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 2, name: "start_time_unix_nano", json: "startTimeUnixNano", kind: "fixed64" },
    { number: 3, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 4, name: "count", json: "count", kind: "fixed64" },
    { number: 5, name: "sum", json: "sum", kind: "double", oneof: "_sum" },
    { number: 6, name: "scale", json: "scale", kind: "sint32" },
    { number: 7, name: "zero_count", json: "zeroCount", kind: "fixed64" },
    { number: 8, name: "positive", json: "positive", kind: "message", message: "ExponentialHistogramDataPoint.Buckets" },
    { number: 9, name: "negative", json: "negative", kind: "message", message: "ExponentialHistogramDataPoint.Buckets" },
    { number: 10, name: "flags", json: "flags", kind: "uint32" },
    { number: 11, name: "exemplars", json: "exemplars", kind: "message", message: "Exemplar", repeated: true },
    { number: 12, name: "min", json: "min", kind: "double", oneof: "_min" },
    { number: 13, name: "max", json: "max", kind: "double", oneof: "_max" },
    { number: 14, name: "zero_threshold", json: "zeroThreshold", kind: "double" },
  ],
  SummaryDataPoint: [
    { number: 2, name: "start_time_unix_nano", json: "startTimeUnixNano", kind: "fixed64" },
    { number: 3, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 4, name: "count", json: "count", kind: "fixed64" },
    { number: 5, name: "sum", json: "sum", kind: "double" },
    {
      number: 6,
      name: "quantile_values",
      json: "quantileValues",
      kind: "message",
      message: "SummaryDataPoint.ValueAtQuantile",
      repeated: true,
    },
    { number: 7, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 8, name: "flags", json: "flags", kind: "uint32" },
  ],
  Exemplar: [
    { number: 2, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 3, name: "as_double", json: "asDouble", kind: "double", oneof: "value" },
    { number: 4, name: "span_id", json: "spanId", kind: "spanId" },
    { number: 5, name: "trace_id", json: "traceId", kind: "traceId" },
    { number: 6, name: "as_int", json: "asInt", kind: "sfixed64", oneof: "value" },
    { number: 7, name: "filtered_attributes", json: "filteredAttributes", kind: "message", message: "KeyValue", repeated: true },
  ],
  "ExponentialHistogramDataPoint.Buckets": [
    { number: 1, name: "offset", json: "offset", kind: "sint32" },
    { number: 2, name: "bucket_counts", json: "bucketCounts", kind: "uint64", repeated: true },
  ],
  "SummaryDataPoint.ValueAtQuantile": [
    { number: 1, name: "quantile", json: "quantile", kind: "double" },
    { number: 2, name: "value", json: "value", kind: "double" },
  ],
};
