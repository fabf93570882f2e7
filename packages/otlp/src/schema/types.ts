/** Names of the messages in the schema table; nested types are written with a dot, as in the .proto files. */
export type MessageName =
  | "AnyValue"
  | "ArrayValue"
  | "KeyValueList"
  | "KeyValue"
  | "InstrumentationScope"
  | "EntityRef"
  | "Resource"
  | "TracesData"
  | "ResourceSpans"
  | "ScopeSpans"
  | "Span"
  | "Span.Event"
  | "Span.Link"
  | "Status"
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
  | "ExponentialHistogramDataPoint.Buckets"
  | "SummaryDataPoint"
  | "SummaryDataPoint.ValueAtQuantile"
  | "Exemplar"
  | "LogsData"
  | "ResourceLogs"
  | "ScopeLogs"
  | "LogRecord"
  | "ExportTraceServiceResponse"
  | "ExportTracePartialSuccess"
  | "ExportMetricsServiceResponse"
  | "ExportMetricsPartialSuccess"
  | "ExportLogsServiceResponse"
  | "ExportLogsPartialSuccess"
  | "google.rpc.Status"
  | "google.rpc.RetryInfo"
  | "google.protobuf.Any"
  | "google.protobuf.Duration";

/**
 * Protobuf type of a field. `traceId` (16 bytes) and `spanId` (8 bytes) are `bytes` on the wire; they may be empty,
 * have no other length, and are hexadecimal in OTLP/JSON.
 */
export type FieldKind =
  | "string"
  | "bytes"
  | "traceId"
  | "spanId"
  | "message"
  | "bool"
  | "enum"
  | "int32"
  | "uint32"
  | "sint32"
  | "int64"
  | "uint64"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double";

/** One field of a message. */
export interface FieldSchema {
  readonly number: number;
  /** snake_case name of the .proto file */
  readonly name: string;
  /** lowerCamelCase name of OTLP/JSON */
  readonly json: string;
  readonly kind: FieldKind;
  readonly repeated?: true;
  /**
   * Name of the oneof this field belongs to; `optional` fields have one of their own, as in protobuf descriptors.
   * Members have presence: they are written even when they hold the default value.
   */
  readonly oneof?: string;
  /** type of a `message` field */
  readonly message?: MessageName;
  /** names of an `enum` field's values; the index is the number */
  readonly values?: readonly string[];
}

/** The fields of one message, in field number order. */
export type MessageFields = readonly FieldSchema[];
