import type { LogRecord, LogsData } from "@tidemark/otlp";
import { LOG_NAMES, pushResource, pushScope } from "./envelopes.ts";
import { joinLines, pushAttributes, timestamp, typedValue, type Lines } from "./text.ts";

const SEVERITIES: readonly string[] = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal"];

/** Every field of every log record, as the Collector's debug exporter writes them. */
export function detailedLogs(data: LogsData): string {
  const lines: Lines = [];
  (data.resourceLogs ?? []).forEach((resource, r) => {
    pushResource(lines, LOG_NAMES, r, resource);
    (resource.scopeLogs ?? []).forEach((scope, s) => {
      pushScope(lines, LOG_NAMES, s, scope);
      (scope.logRecords ?? []).forEach((record, index) => pushRecord(lines, record, index));
    });
  });
  return joinLines(lines);
}

function pushRecord(lines: Lines, record: LogRecord, index: number): void {
  lines.push(
    `LogRecord #${index}`,
    `ObservedTimestamp: ${timestamp(record.observedTimeUnixNano)}`,
    `Timestamp: ${timestamp(record.timeUnixNano)}`,
  );
  lines.push(`SeverityText: ${record.severityText ?? ""}`, `SeverityNumber: ${severity(record.severityNumber ?? 0)}`);
  if (record.eventName !== undefined && record.eventName !== "") lines.push(`EventName: ${record.eventName}`);
  lines.push(`Body: ${typedValue(record.body)}`);
  pushAttributes(lines, "Attributes", record.attributes);
  lines.push(`Trace ID: ${record.traceId ?? ""}`, `Span ID: ${record.spanId ?? ""}`, `Flags: ${record.flags ?? 0}`);
}

/** Numbers 1 to 24 in steps of four: `Info(9)`, `Info2(10)`. */
function severity(number: number): string {
  if (number < 1 || number > 24) return `Unspecified(${number})`;
  const step = (number - 1) % 4;
  return `${SEVERITIES[Math.floor((number - 1) / 4)]}${step === 0 ? "" : step + 1}(${number})`;
}
