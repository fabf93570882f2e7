import type { AttributeValue, LogRecordView } from "@tidemark/otlp";
import { NO_EVIDENCE } from "./alert.ts";
import type { Alert, AlertOperator, Evidence, EvidenceSample } from "./alert.ts";
import { attributeText } from "./any-value.ts";
import * as names from "./attribute-names.ts";
import { fingerprint } from "./fingerprint.ts";
import { parseSeverity, severityFromNumber } from "./severity.ts";
import { msFromNanos } from "./time.ts";

const OPERATORS: readonly string[] = [">", ">=", "<", "<=", "==", "!="] satisfies AlertOperator[];

type Attributes = Readonly<Record<string, AttributeValue>>;

function textOf(attributes: Attributes, key: string): string {
  const value = attributes[key];
  return typeof value === "string" ? value : "";
}

function numberOf(attributes: Attributes, key: string): number | undefined {
  const value = attributes[key];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

function nanosOf(attributes: Attributes, key: string): bigint | undefined {
  const value = attributes[key];
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** Keys come from outside: `fromEntries` makes an own property even of "__proto__". */
function withPrefix(attributes: Attributes, prefix: string): Record<string, string> {
  const own = Object.entries(attributes).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), attributeText(value)]));
}

function isMap(value: AttributeValue): value is Attributes {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function sampleOf(map: Attributes): EvidenceSample {
  return {
    traceId: textOf(map, "trace_id"),
    spanId: textOf(map, "span_id"),
    roomId: textOf(map, "room_id"),
    userAgent: textOf(map, "user_agent"),
    baggage: withPrefix(map, "baggage."),
    value: numberOf(map, "value") ?? 0,
    at: msFromNanos(nanosOf(map, "time") ?? 0n),
    deviant: map["deviant"] === true,
  };
}

function samplesOf(attributes: Attributes): EvidenceSample[] {
  const value = attributes[names.SAMPLES];
  if (!Array.isArray(value)) return [];
  return (value as readonly AttributeValue[]).filter(isMap).map(sampleOf);
}

function evidenceOf(record: LogRecordView, attributes: Attributes): Evidence {
  return {
    traceId: textOf(attributes, names.TRACE_ID) || record.traceId,
    spanId: textOf(attributes, names.SPAN_ID) || record.spanId,
    roomId: textOf(attributes, names.ROOM_ID),
    userAgent: textOf(attributes, names.USER_AGENT),
    baggage: withPrefix(attributes, names.BAGGAGE_PREFIX),
    samples: samplesOf(attributes),
  };
}

/** Reads an alert from a log record that follows the convention; `undefined` for any other record. Fields that are missing get their neutral values. */
export function decodeAlert(record: LogRecordView): Alert | undefined {
  const name = record.attributes.getString(names.NAME);
  const status = record.attributes.getString(names.STATUS);
  if (name === undefined || (status !== "firing" && status !== "resolved")) return undefined;
  const attributes = record.attributes.toObject();
  const severityText = textOf(attributes, names.SEVERITY_TEXT) || record.severityText || textOf(attributes, names.SEVERITY);
  const labels = withPrefix(attributes, names.LABEL_PREFIX);
  const operator = textOf(attributes, names.OPERATOR);
  return {
    name,
    status,
    severity: parseSeverity(textOf(attributes, names.SEVERITY)) ?? severityFromNumber(record.severityNumber),
    severityText,
    fingerprint: textOf(attributes, names.FINGERPRINT) || fingerprint(name, labels),
    summary: attributeText(record.body),
    metric: textOf(attributes, names.METRIC),
    unit: textOf(attributes, names.UNIT),
    value: numberOf(attributes, names.VALUE),
    threshold: numberOf(attributes, names.THRESHOLD),
    operator: OPERATORS.includes(operator) ? (operator as AlertOperator) : ">",
    startsAt: nanosOf(attributes, names.STARTS_AT) ?? record.timeUnixNano,
    endsAt: status === "resolved" ? (nanosOf(attributes, names.ENDS_AT) ?? record.timeUnixNano) : undefined,
    labels,
    annotations: withPrefix(attributes, names.ANNOTATION_PREFIX),
    resource: record.resource.attributes.toObject(),
    source: record.scope.name,
    evidence: evidenceOf(record, attributes),
  };
}

/** Presents a log record that is no alert as a notice, so that a channel for alerts can show it instead of losing it. */
export function noticeFromRecord(record: LogRecordView): Alert {
  const resource = record.resource.attributes.toObject();
  const severity = severityFromNumber(record.severityNumber);
  const name = record.eventName || "log";
  const service = resource["service.name"];
  const labels: Record<string, string> = typeof service === "string" ? { "service.name": service } : {};
  return {
    name,
    status: "firing",
    severity,
    severityText: record.severityText || severity,
    fingerprint: fingerprint(name, labels),
    summary: attributeText(record.body),
    metric: "",
    unit: "",
    value: undefined,
    threshold: undefined,
    operator: ">",
    startsAt: record.timeUnixNano || record.observedTimeUnixNano,
    endsAt: undefined,
    labels,
    annotations: {},
    resource,
    source: record.scope.name,
    evidence: {
      ...NO_EVIDENCE,
      traceId: record.traceId,
      spanId: record.spanId,
      roomId: record.attributes.getString("room_id") ?? "",
      userAgent: record.attributes.getString("user_agent") ?? "",
    },
  };
}
