import type { MessageFields } from "./types.ts";

/** The answers of the export services, and the messages of google.rpc that carry errors. */
export const SERVICE_MESSAGES: Readonly<
  Record<
    | "ExportTraceServiceResponse"
    | "ExportTracePartialSuccess"
    | "ExportMetricsServiceResponse"
    | "ExportMetricsPartialSuccess"
    | "ExportLogsServiceResponse"
    | "ExportLogsPartialSuccess"
    | "google.rpc.Status"
    | "google.rpc.RetryInfo"
    | "google.protobuf.Any"
    | "google.protobuf.Duration",
    MessageFields
  >
> = {
  ExportTraceServiceResponse: [
    { number: 1, name: "partial_success", json: "partialSuccess", kind: "message", message: "ExportTracePartialSuccess" },
  ],
  ExportTracePartialSuccess: [
    { number: 1, name: "rejected_spans", json: "rejectedSpans", kind: "int64" },
    { number: 2, name: "error_message", json: "errorMessage", kind: "string" },
  ],
  ExportMetricsServiceResponse: [
    { number: 1, name: "partial_success", json: "partialSuccess", kind: "message", message: "ExportMetricsPartialSuccess" },
  ],
  ExportMetricsPartialSuccess: [
    { number: 1, name: "rejected_data_points", json: "rejectedDataPoints", kind: "int64" },
    { number: 2, name: "error_message", json: "errorMessage", kind: "string" },
  ],
  ExportLogsServiceResponse: [
    { number: 1, name: "partial_success", json: "partialSuccess", kind: "message", message: "ExportLogsPartialSuccess" },
  ],
  ExportLogsPartialSuccess: [
    { number: 1, name: "rejected_log_records", json: "rejectedLogRecords", kind: "int64" },
    { number: 2, name: "error_message", json: "errorMessage", kind: "string" },
  ],
  "google.rpc.Status": [
    { number: 1, name: "code", json: "code", kind: "int32" },
    { number: 2, name: "message", json: "message", kind: "string" },
    { number: 3, name: "details", json: "details", kind: "message", message: "google.protobuf.Any", repeated: true },
  ],
  "google.rpc.RetryInfo": [{ number: 1, name: "retry_delay", json: "retryDelay", kind: "message", message: "google.protobuf.Duration" }],
  "google.protobuf.Any": [
    { number: 1, name: "type_url", json: "typeUrl", kind: "string" },
    { number: 2, name: "value", json: "value", kind: "bytes" },
  ],
  "google.protobuf.Duration": [
    { number: 1, name: "seconds", json: "seconds", kind: "int64" },
    { number: 2, name: "nanos", json: "nanos", kind: "int32" },
  ],
};
