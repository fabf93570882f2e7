import { batchFromObject } from "@tidemark/otlp";
import type { AttributeValue, LogBatch } from "@tidemark/otlp";
import type { Alert, EvidenceSample } from "./alert.ts";
import { toAnyValue } from "./any-value.ts";
import type { AnyValueObject } from "./any-value.ts";
import * as names from "./attribute-names.ts";
import { severityNumber } from "./severity.ts";
import { nanosFromMs } from "./time.ts";

interface KeyValueObject {
  key: string;
  value: AnyValueObject;
}

function text(attributes: KeyValueObject[], key: string, value: string): void {
  if (value !== "") attributes.push({ key, value: { stringValue: value } });
}

function number(attributes: KeyValueObject[], key: string, value: number | undefined): void {
  if (value !== undefined) attributes.push({ key, value: { doubleValue: value } });
}

function sampleValue(sample: EvidenceSample): AnyValueObject {
  const values: KeyValueObject[] = [];
  text(values, "trace_id", sample.traceId);
  text(values, "span_id", sample.spanId);
  text(values, "room_id", sample.roomId);
  text(values, "user_agent", sample.userAgent);
  for (const [key, value] of Object.entries(sample.baggage)) values.push({ key: `baggage.${key}`, value: { stringValue: value } });
  values.push({ key: "value", value: { doubleValue: sample.value } });
  values.push({ key: "time", value: { intValue: nanosFromMs(sample.at) } });
  values.push({ key: "deviant", value: { boolValue: sample.deviant } });
  return { kvlistValue: { values } };
}

function alertAttributes(alert: Alert): KeyValueObject[] {
  const { evidence } = alert;
  const attributes: KeyValueObject[] = [];
  text(attributes, names.NAME, alert.name);
  text(attributes, names.STATUS, alert.status);
  text(attributes, names.SEVERITY, alert.severity);
  text(attributes, names.SEVERITY_TEXT, alert.severityText);
  text(attributes, names.FINGERPRINT, alert.fingerprint);
  text(attributes, names.METRIC, alert.metric);
  text(attributes, names.UNIT, alert.unit);
  number(attributes, names.VALUE, alert.value);
  number(attributes, names.THRESHOLD, alert.threshold);
  text(attributes, names.OPERATOR, alert.operator);
  attributes.push({ key: names.STARTS_AT, value: { intValue: alert.startsAt } });
  if (alert.endsAt !== undefined) attributes.push({ key: names.ENDS_AT, value: { intValue: alert.endsAt } });
  for (const [key, value] of Object.entries(alert.labels))
    attributes.push({ key: names.LABEL_PREFIX + key, value: { stringValue: value } });
  for (const [key, value] of Object.entries(alert.annotations)) text(attributes, names.ANNOTATION_PREFIX + key, value);
  text(attributes, names.TRACE_ID, evidence.traceId);
  text(attributes, names.SPAN_ID, evidence.spanId);
  text(attributes, names.ROOM_ID, evidence.roomId);
  text(attributes, names.USER_AGENT, evidence.userAgent);
  for (const [key, value] of Object.entries(evidence.baggage)) text(attributes, names.BAGGAGE_PREFIX + key, value);
  if (evidence.samples.length > 0) {
    attributes.push({ key: names.SAMPLES, value: { arrayValue: { values: evidence.samples.map(sampleValue) } } });
  }
  return attributes;
}

function resourceAttributes(resource: Readonly<Record<string, AttributeValue>>): KeyValueObject[] {
  return Object.entries(resource).map(([key, value]) => ({ key, value: toAnyValue(value) }));
}

/** Writes alerts as OTLP log records, one resource each, in the order given. `observedAt` is in milliseconds since the Unix epoch. */
export function encodeAlerts(alerts: readonly Alert[], observedAt: number): LogBatch {
  const observedTimeUnixNano = nanosFromMs(observedAt);
  return batchFromObject("logs", {
    resourceLogs: alerts.map((alert) => ({
      resource: { attributes: resourceAttributes(alert.resource) },
      scopeLogs: [
        {
          scope: { name: alert.source },
          logRecords: [
            {
              timeUnixNano: alert.endsAt ?? observedTimeUnixNano,
              observedTimeUnixNano,
              severityNumber: severityNumber(alert.severity),
              severityText: alert.severityText,
              eventName: names.EVENT_NAME,
              body: { stringValue: alert.summary },
              attributes: alertAttributes(alert),
              traceId: alert.evidence.traceId,
              spanId: alert.evidence.spanId,
            },
          ],
        },
      ],
    })),
  });
}
