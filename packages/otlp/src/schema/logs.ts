import type { MessageFields } from "./types.ts";

/** SeverityNumber */
export const SEVERITIES: readonly string[] = [
  "SEVERITY_NUMBER_UNSPECIFIED",
  "SEVERITY_NUMBER_TRACE",
  "SEVERITY_NUMBER_TRACE2",
  "SEVERITY_NUMBER_TRACE3",
  "SEVERITY_NUMBER_TRACE4",
  "SEVERITY_NUMBER_DEBUG",
  "SEVERITY_NUMBER_DEBUG2",
  "SEVERITY_NUMBER_DEBUG3",
  "SEVERITY_NUMBER_DEBUG4",
  "SEVERITY_NUMBER_INFO",
  "SEVERITY_NUMBER_INFO2",
  "SEVERITY_NUMBER_INFO3",
  "SEVERITY_NUMBER_INFO4",
  "SEVERITY_NUMBER_WARN",
  "SEVERITY_NUMBER_WARN2",
  "SEVERITY_NUMBER_WARN3",
  "SEVERITY_NUMBER_WARN4",
  "SEVERITY_NUMBER_ERROR",
  "SEVERITY_NUMBER_ERROR2",
  "SEVERITY_NUMBER_ERROR3",
  "SEVERITY_NUMBER_ERROR4",
  "SEVERITY_NUMBER_FATAL",
  "SEVERITY_NUMBER_FATAL2",
  "SEVERITY_NUMBER_FATAL3",
  "SEVERITY_NUMBER_FATAL4",
];

/** opentelemetry.proto.logs.v1, OTLP 1.11. */
export const LOG_MESSAGES: Readonly<Record<"LogsData" | "ResourceLogs" | "ScopeLogs" | "LogRecord", MessageFields>> = {
  LogsData: [{ number: 1, name: "resource_logs", json: "resourceLogs", kind: "message", message: "ResourceLogs", repeated: true }],
  ResourceLogs: [
    { number: 1, name: "resource", json: "resource", kind: "message", message: "Resource" },
    { number: 2, name: "scope_logs", json: "scopeLogs", kind: "message", message: "ScopeLogs", repeated: true },
    { number: 3, name: "schema_url", json: "schemaUrl", kind: "string" },
  ],
  ScopeLogs: [
    { number: 1, name: "scope", json: "scope", kind: "message", message: "InstrumentationScope" },
    { number: 2, name: "log_records", json: "logRecords", kind: "message", message: "LogRecord", repeated: true },
    { number: 3, name: "schema_url", json: "schemaUrl", kind: "string" },
  ],
  LogRecord: [
    { number: 1, name: "time_unix_nano", json: "timeUnixNano", kind: "fixed64" },
    { number: 2, name: "severity_number", json: "severityNumber", kind: "enum", values: SEVERITIES },
    { number: 3, name: "severity_text", json: "severityText", kind: "string" },
    { number: 5, name: "body", json: "body", kind: "message", message: "AnyValue" },
    { number: 6, name: "attributes", json: "attributes", kind: "message", message: "KeyValue", repeated: true },
    { number: 7, name: "dropped_attributes_count", json: "droppedAttributesCount", kind: "uint32" },
    { number: 8, name: "flags", json: "flags", kind: "fixed32" },
    { number: 9, name: "trace_id", json: "traceId", kind: "traceId" },
    { number: 10, name: "span_id", json: "spanId", kind: "spanId" },
    { number: 11, name: "observed_time_unix_nano", json: "observedTimeUnixNano", kind: "fixed64" },
    { number: 12, name: "event_name", json: "eventName", kind: "string" },
  ],
};
