import { alertService, renderLink, type Alert } from "@tidemark/alerting";

/** One alert of an Alertmanager webhook payload, version 4. */
interface PayloadAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** An Alertmanager webhook payload, version 4 (notify/webhook). */
export interface Payload {
  readonly version: "4";
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: "firing" | "resolved";
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly alerts: readonly PayloadAlert[];
}

/** What a payload says about its sender. */
export interface PayloadOptions {
  readonly receiver: string;
  readonly externalUrl: string;
  readonly traceUrl: string | undefined;
}

/** Go's zero time: what Alertmanager sends as the end of an alert that has none. */
const NO_END = "0001-01-01T00:00:00Z";
const NANOS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 with as many digits of the second as are not zero (Go's RFC3339Nano). */
export function rfc3339Nano(unixNano: bigint): string {
  const seconds = unixNano / NANOS_PER_SECOND;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return NO_END;
  const fraction = (unixNano % NANOS_PER_SECOND).toString().padStart(9, "0").replace(/0+$/, "");
  return `${date.toISOString().slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** An attribute key as a Prometheus label name: `service.name` becomes `service_name`. */
export function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

function labelsOf(alert: Alert): Record<string, string> {
  const labels = new Map([
    ["alertname", alert.name],
    ["severity", alert.severity],
  ]);
  for (const [key, value] of Object.entries(alert.labels)) {
    const name = labelName(key);
    // Two keys that become one name keep both values, as Prometheus' OTLP translation does.
    const known = labels.get(name);
    labels.set(name, known === undefined ? value : `${known};${value}`);
  }
  if (!labels.has("service_name")) labels.set("service_name", alertService(alert));
  return Object.fromEntries(labels);
}

function annotationsOf(alert: Alert): Record<string, string> {
  const { evidence } = alert;
  const annotations: Record<string, string> = { summary: alert.summary };
  const add = (key: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== "") annotations[key] = String(value);
  };
  for (const [key, value] of Object.entries(alert.annotations)) add(labelName(key), value);
  add("metric", alert.metric);
  add("value", alert.value);
  add("threshold", alert.threshold);
  add("operator", alert.metric === "" ? "" : alert.operator);
  add("unit", alert.unit);
  add("severity_text", alert.severityText);
  add("trace_id", evidence.traceId);
  add("span_id", evidence.spanId);
  add("room_id", evidence.roomId);
  add("user_agent", evidence.userAgent);
  for (const [key, value] of Object.entries(evidence.baggage)) add(`baggage_${labelName(key)}`, value);
  if (evidence.samples.length > 0) add("samples", JSON.stringify(evidence.samples));
  return annotations;
}

function common(maps: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = maps;
  return Object.fromEntries(Object.entries(first).filter(([key, value]) => rest.every((map) => map[key] === value)));
}

function payloadAlert(alert: Alert, traceUrl: string | undefined): PayloadAlert {
  return {
    status: alert.status,
    labels: labelsOf(alert),
    annotations: annotationsOf(alert),
    startsAt: rfc3339Nano(alert.startsAt),
    endsAt: alert.endsAt === undefined ? NO_END : rfc3339Nano(alert.endsAt),
    generatorURL: traceUrl === undefined || alert.evidence.traceId === "" ? "" : renderLink(traceUrl, alert),
    fingerprint: alert.fingerprint,
  };
}

/** The payload for some alerts. They form one group without labels: grouping is not this exporter's business. */
export function payloadOf(alerts: readonly Alert[], options: PayloadOptions): Payload {
  const entries = alerts.map((alert) => payloadAlert(alert, options.traceUrl));
  return {
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
    status: entries.some(({ status }) => status === "firing") ? "firing" : "resolved",
    receiver: options.receiver,
    groupLabels: {},
    commonLabels: common(entries.map(({ labels }) => labels)),
    commonAnnotations: common(entries.map(({ annotations }) => annotations)),
    externalURL: options.externalUrl,
    alerts: entries,
  };
}
