import type { MessageFields } from "./types.ts";

/** Span.SpanKind */
export const SPAN_KINDS: readonly string[] = [
  "SPAN_KIND_UNSPECIFIED",
  "SPAN_KIND_INTERNAL",
  "SPAN_KIND_SERVER",
  "SPAN_KIND_CLIENT",
  "SPAN_KIND_PRODUCER",
  "SPAN_KIND_CONSUMER",
];

/** Status.StatusCode */
export const STATUS_CODES: readonly string[] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/** opentelemetry.proto.trace.v1, OTLP 1.11. */
export const TRACE_MESSAGES: Readonly<
  Record<"TracesData" | "ResourceSpans" | "ScopeSpans" | "Span" | "Status" | "Span.Event" | "Span.Link", MessageFields>
> = {
  TracesData: [{ number: 1, name: "resource_spans", json: "resourceSpans", kind: "message", message: "ResourceSpans", repeated: true }],
  ResourceSpans: [
    { number: 1, name: "resource", json: "resource", kind: "message", message: "Resource" },
    { number: 2, name: "scope_spans", json: "scopeSpans", kind: "message", message: "ScopeSpans", repeated: true },
    { number: 3, name: "schema_url", json: "schemaUrl", kind: "string" },
  ],
  ScopeSpans: [
    { number: 1, name: "scope", json: "scope", kind: "message", message: "InstrumentationScope" },
    { number: 2, name: "spans", json: "spans", kind: "message", message: "Span", repeated: true },
    { number: 3, name: "schema_url", json: "schemaUrl", kind: "string" },
  ],
  Span: [
    { number: 1, name: "trace_id", json: "traceId", kind: "traceId" },
    { number: 2, name: "span_id", json: "spanId", kind: "spanId" },
    { number: 3, name: "trace_state", json: "traceState", kind: "string" },
    { number: 4, name: "parent_span_id", json: "parentSpanId", kind: "spanId" },
    { number: 5, name: "name", json: "name", kind: "string" },
    { number: 6, name: "kind", json: "kind", kind: "enum", values: SPAN_KINDS },
    { number: 7, name: "start_time_unix_nano", json: "startTimeUnixNano", kind: "fixed64" },
    { number: 8, name: "end_time_unix_nano", json: "endTimeUnixNano", kind: "fixed64" },
    { number: 9, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 10, name: "dropped_attributes_count", json: "droppedAttributesCount", kind: "uint32" },
    { number: 11, name: "events", json: "events", kind: "message", message: "Span.Event", repeated: true },
    { number: 12, name: "dropped_events_count", json: "droppedEventsCount", kind: "uint32" },
    { number: 13, name: "links", json: "links", kind: "message", message: "Span.Link", repeated: true },
    { number: 14, name: "dropped_links_count", json: "droppedLinksCount", kind: "uint32" },
    { number: 15, name: "status", json: "status", kind: "message", message: "Status" },
    { number: 16, name: "flags", json: "flags", kind: "fixed32" },
  ],
  Status: [
    { number: 2, name: "message", json: "message", kind: "string" },
    { number: 3, name: "code", json: "code", kind: "enum", values: STATUS_CODES },
  ],
  "Span.Event": [
    { number: 1, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 2, name: "name", json: "name", kind: "string" },
    { number: 3, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 4, name: "dropped_attributes_count", json: "droppedAttributesCount", kind: "uint32" },
  ],
  "Span.Link": [
    { number: 1, name: "trace_id", json: "traceId", kind: "traceId" },
    { number: 2, name: "span_id", json: "spanId", kind: "spanId" },
    { number: 3, name: "trace_state", json: "traceState", kind: "string" },
    { number: 4, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 5, name: "dropped_attributes_count", json: "droppedAttributesCount", kind: "uint32" },
    { number: 6, name: "flags", json: "flags", kind: "fixed32" },
  ],
};
