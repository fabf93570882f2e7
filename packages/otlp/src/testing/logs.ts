import type { LogBatch } from "../index.ts";
import { batchFromObject } from "../index.ts";
import type { LogRecord } from "../object/types.ts";
import type { AttributeValue } from "../views/types.ts";
import type { AttributesInput } from "./any-value.ts";
import { anyValue, keyValues } from "./any-value.ts";
import type { SenderInput } from "./defaults.ts";
import { resourceOf, scopeOf, timeOf } from "./defaults.ts";

/** A log record; any field of the OTLP record, with body and attributes as plain values. */
export interface LogRecordInput extends Omit<LogRecord, "attributes" | "body"> {
  readonly attributes?: AttributesInput;
  readonly body?: AttributeValue;
}

export interface LogsInput extends SenderInput {
  readonly records: readonly LogRecordInput[];
}

/**
 * A batch of log records of one resource and scope. Record `i` defaults to severity INFO (9), body "record-i" and a
 * time (also the observed one) `i` ms after 2026-01-01T00:00:00Z; it belongs to no trace.
 */
export function logs(input: LogsInput): LogBatch {
  const logRecords = input.records.map(recordOf);
  return batchFromObject("logs", { resourceLogs: [{ resource: resourceOf(input), scopeLogs: [{ scope: scopeOf(input), logRecords }] }] });
}

function recordOf(input: LogRecordInput, index: number): LogRecord {
  const { attributes, body, ...fields } = input;
  return {
    timeUnixNano: timeOf(index),
    observedTimeUnixNano: timeOf(index),
    severityNumber: 9,
    severityText: "INFO",
    ...fields,
    body: anyValue(body === undefined ? `record-${index}` : body),
    attributes: keyValues(attributes ?? {}),
  };
}
