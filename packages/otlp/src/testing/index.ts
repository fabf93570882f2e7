export type { AttributesInput } from "./any-value.ts";
export type { LogRecordInput, LogsInput } from "./logs.ts";
export { logs } from "./logs.ts";
export type { HistogramInput, MetricInput, MetricsInput, PointInput } from "./metrics.ts";
export { metrics } from "./metrics.ts";
export type { SpanInput, TracesInput } from "./traces.ts";
export { spanNames, spans, traces } from "./traces.ts";
