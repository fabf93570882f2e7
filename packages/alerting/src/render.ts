import type { Alert } from "./alert.ts";
import { codeSpan, escapeMarkdown, escapeText } from "./escape.ts";
import { renderLink } from "./link.ts";
import { alertService } from "./service.ts";
import { msFromNanos } from "./time.ts";

/** What a rendered message may show beyond the alert itself. */
export interface RenderOptions {
  /** Link template for `renderLink`; shown when the alert has a trace. */
  readonly traceUrl?: string;
}

/** Longest texts that one field may take, in bytes: a message keeps room for the other alerts. */
const FIELD_BYTES = 160;
const SUMMARY_BYTES = 600;
const MISSING = "-";

/** Six significant digits: enough to recognise a value, short enough to read. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return MISSING;
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}

/** RFC 3339 in UTC, with milliseconds. */
export function formatTime(unixNano: bigint): string {
  const date = new Date(msFromNanos(unixNano));
  return Number.isNaN(date.getTime()) ? MISSING : date.toISOString();
}

function withUnit(value: number | undefined, unit: string): string {
  return unit === "" || unit === "1" || value === undefined ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}

function orMissing(text: string): string {
  return text === "" ? MISSING : text;
}

function baggagePairs(alert: Alert): string[] {
  return Object.entries(alert.evidence.baggage).map(([key, value]) => `${key}=${value}`);
}

function heading(alert: Alert): string {
  return `[${alert.status.toUpperCase()}] ${alert.severityText}`;
}

/** `812 ms > 152 ms`. A resolved alert's value need not stand on that side any more: the comparison is the one of when it fired. */
function comparison(alert: Alert): string {
  const [value, limit] = [withUnit(alert.value, alert.unit), `${alert.operator} ${withUnit(alert.threshold, alert.unit)}`];
  return alert.status === "resolved" ? `${value} (fired at ${limit})` : `${value} ${limit}`;
}

/** One line: what, where, how much, and the evidence. */
export function renderLine(alert: Alert): string {
  const { traceId, roomId, userAgent } = alert.evidence;
  const what = alert.metric === "" ? alert.summary : `${alert.metric} ${comparison(alert)}`;
  const fields = [
    heading(alert),
    alertService(alert),
    what,
    `trace_id=${orMissing(traceId)}`,
    `room_id=${orMissing(roomId)}`,
    `user_agent=${orMissing(userAgent)}`,
  ];
  return fields.map((field) => escapeText(field, FIELD_BYTES)).join(" ");
}

/** Plain text for people, several lines. User-controlled text is made safe for terminals and chat. */
export function renderText(alert: Alert, options: RenderOptions = {}): string {
  const { traceId, roomId, userAgent } = alert.evidence;
  const field = (text: string): string => escapeText(text, FIELD_BYTES);
  const lines = [`${heading(alert)} ${alert.name}`, escapeText(alert.summary, SUMMARY_BYTES)];
  lines[0] = field(lines[0] ?? "");
  lines.push(
    `service=${field(alertService(alert))} metric=${field(orMissing(alert.metric))} value=${field(withUnit(alert.value, alert.unit))} threshold=${field(withUnit(alert.threshold, alert.unit))}`,
  );
  lines.push(`trace_id=${field(orMissing(traceId))} room_id=${field(orMissing(roomId))} user_agent=${field(orMissing(userAgent))}`);
  const baggage = baggagePairs(alert);
  if (baggage.length > 0) lines.push(baggage.map(field).join(" "));
  for (const [key, value] of Object.entries(alert.annotations)) lines.push(`${field(key)}: ${escapeText(value, SUMMARY_BYTES)}`);
  lines.push(
    alert.endsAt === undefined
      ? `since=${formatTime(alert.startsAt)}`
      : `since=${formatTime(alert.startsAt)} until=${formatTime(alert.endsAt)}`,
  );
  if (options.traceUrl !== undefined && traceId !== "") lines.push(`trace: ${renderLink(options.traceUrl, alert)}`);
  return lines.join("\n");
}

/** Markdown in the subset that WeCom group robots show: bold, quotes, code spans, links and three font colours. */
export function renderMarkdown(alert: Alert, options: RenderOptions = {}): string {
  const { traceId, roomId, userAgent } = alert.evidence;
  const colour = alert.status === "resolved" ? "info" : "warning";
  const span = (text: string): string => codeSpan(text, FIELD_BYTES);
  const lines = [
    `**<font color="${colour}">[${alert.status.toUpperCase()}]</font> ${escapeMarkdown(alert.severityText, FIELD_BYTES)} ${escapeMarkdown(alert.name, FIELD_BYTES)}**`,
    escapeMarkdown(alert.summary, SUMMARY_BYTES),
    `> service ${span(alertService(alert))}`,
    `> metric ${span(orMissing(alert.metric))} value ${span(withUnit(alert.value, alert.unit))} threshold ${span(withUnit(alert.threshold, alert.unit))}`,
    `> ${span(`trace_id=${orMissing(traceId)}`)} ${span(`room_id=${orMissing(roomId)}`)}`,
    `> ${span(`user_agent=${orMissing(userAgent)}`)}`,
  ];
  const baggage = baggagePairs(alert);
  if (baggage.length > 0) lines.push(`> ${baggage.map(span).join(" ")}`);
  for (const [key, value] of Object.entries(alert.annotations))
    lines.push(`> ${escapeMarkdown(key, FIELD_BYTES)} ${codeSpan(value, SUMMARY_BYTES)}`);
  lines.push(
    alert.endsAt === undefined
      ? `> since ${formatTime(alert.startsAt)}`
      : `> since ${formatTime(alert.startsAt)} until ${formatTime(alert.endsAt)}`,
  );
  if (options.traceUrl !== undefined && traceId !== "") lines.push(`> [open the trace](${renderLink(options.traceUrl, alert)})`);
  return lines.join("\n");
}
