import type { Alert } from "./alert.ts";
import { alertService } from "./service.ts";

const NANOS_PER_MICRO = 1000n;
const NANOS_PER_MS = 1_000_000n;

/** What a link template can name, each with how it is read from an alert. Jaeger counts in microseconds, Grafana in milliseconds. */
const FIELDS: Readonly<Record<string, (alert: Alert) => string>> = {
  trace_id: (alert) => alert.evidence.traceId,
  span_id: (alert) => alert.evidence.spanId,
  room_id: (alert) => alert.evidence.roomId,
  service: alertService,
  metric: (alert) => alert.metric,
  fingerprint: (alert) => alert.fingerprint,
  starts_at_ms: (alert) => String(alert.startsAt / NANOS_PER_MS),
  starts_at_us: (alert) => String(alert.startsAt / NANOS_PER_MICRO),
};

/** Fills `{trace_id}`, `{service}`, `{starts_at_us}`… of a link template, each value URL-encoded. Unknown names stay as they are. */
export function renderLink(template: string, alert: Alert): string {
  return template.replace(/\{([a-z_]+)\}/g, (whole, name: string) => {
    const read = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    // encodeURIComponent leaves these alone, but Markdown would end the link at a parenthesis.
    return read === undefined
      ? whole
      : encodeURIComponent(read(alert).toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  });
}
