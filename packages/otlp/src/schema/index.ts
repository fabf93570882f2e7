import { COMMON_MESSAGES } from "./common.ts";
import { LOG_MESSAGES } from "./logs.ts";
import { METRIC_MESSAGES } from "./metrics.ts";
import { SERVICE_MESSAGES } from "./service.ts";
import { TRACE_MESSAGES } from "./trace.ts";
import type { MessageFields, MessageName } from "./types.ts";

export type { FieldKind, FieldSchema, MessageFields, MessageName } from "./types.ts";

/** The three OTLP signals that Tidemark carries. */
export type Signal = "traces" | "metrics" | "logs";

/**
 * The message of each signal's request body. `Export*ServiceRequest` has the same single field as `*Data`, so the
 * bytes of one are the bytes of the other.
 */
export const ROOT_MESSAGES: Readonly<Record<Signal, MessageName>> = {
  traces: "TracesData",
  metrics: "MetricsData",
  logs: "LogsData",
};

/** Every OTLP 1.11 message of traces, metrics and logs: the only place that knows all field numbers. */
export const MESSAGES: Readonly<Record<MessageName, MessageFields>> = {
  ...COMMON_MESSAGES,
  ...TRACE_MESSAGES,
  ...METRIC_MESSAGES,
  ...LOG_MESSAGES,
  ...SERVICE_MESSAGES,
};
