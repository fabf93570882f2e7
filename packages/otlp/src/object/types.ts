/**
 * OTLP data as plain objects. Names are those of OTLP/JSON. Trace and span ids are lower-case hexadecimal, 64-bit
 * integers bigint, bytes Uint8Array, enums numbers. A property is absent when the field is absent or holds the default
 * (0, "", false, no elements); members of a oneof (`AnyValue`, `asInt`/`asDouble`, the data of a metric) and optional
 * fields (`sum`, `min`, `max` of histograms) are present whenever they are on the wire, default or not.
 */

/** At most one of the members is set; none means an empty value. */
export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: bigint;
  readonly doubleValue?: number;
  readonly arrayValue?: ArrayValue;
  readonly kvlistValue?: KeyValueList;
  readonly bytesValue?: Uint8Array;
  /** index into a profile's string table; has no meaning in traces, metrics and logs */
  readonly stringValueStrindex?: number;
}

export interface ArrayValue {
  readonly values?: readonly AnyValue[];
}

export interface KeyValueList {
  readonly values?: readonly KeyValue[];
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
  /** index into a profile's string table; has no meaning in traces, metrics and logs */
  readonly keyStrindex?: number;
}

export interface InstrumentationScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface EntityRef {
  readonly schemaUrl?: string;
  readonly type?: string;
  readonly idKeys?: readonly string[];
  readonly descriptionKeys?: readonly string[];
}

export interface Resource {
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly entityRefs?: readonly EntityRef[];
}

/** An `ExportTraceServiceRequest`. */
export interface TracesData {
  readonly resourceSpans?: readonly ResourceSpans[];
}

export interface ResourceSpans {
  readonly resource?: Resource;
  readonly scopeSpans?: readonly ScopeSpans[];
  readonly schemaUrl?: string;
}

export interface ScopeSpans {
  readonly scope?: InstrumentationScope;
  readonly spans?: readonly Span[];
  readonly schemaUrl?: string;
}

export interface Span {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly flags?: number;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly SpanEventData[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly SpanLinkData[];
  readonly droppedLinksCount?: number;
  readonly status?: SpanStatus;
}

export interface SpanEventData {
  readonly timeUnixNano?: bigint;
  readonly name?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}

export interface SpanLinkData {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
}

export interface SpanStatus {
  readonly message?: string;
  readonly code?: number;
}

/** An `ExportLogsServiceRequest`. */
export interface LogsData {
  readonly resourceLogs?: readonly ResourceLogs[];
}

export interface ResourceLogs {
  readonly resource?: Resource;
  readonly scopeLogs?: readonly ScopeLogs[];
  readonly schemaUrl?: string;
}

export interface ScopeLogs {
  readonly scope?: InstrumentationScope;
  readonly logRecords?: readonly LogRecord[];
  readonly schemaUrl?: string;
}

export interface LogRecord {
  readonly timeUnixNano?: bigint;
  readonly observedTimeUnixNano?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}
