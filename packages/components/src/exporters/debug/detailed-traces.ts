import type { Span, TracesData } from "@tidemark/otlp";
import { pushResource, pushScope, TRACE_NAMES } from "./envelopes.ts";
import { joinLines, pushAttributes, timestamp, type Lines } from "./text.ts";

const KINDS: readonly string[] = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];
const STATUSES: readonly string[] = ["Unset", "Ok", "Error"];

/** Every field of every span, as the Collector's debug exporter writes them. */
export function detailedTraces(data: TracesData): string {
  const lines: Lines = [];
  (data.resourceSpans ?? []).forEach((resource, r) => {
    pushResource(lines, TRACE_NAMES, r, resource);
    (resource.scopeSpans ?? []).forEach((scope, s) => {
      pushScope(lines, TRACE_NAMES, s, scope);
      (scope.spans ?? []).forEach((span, index) => pushSpan(lines, span, index));
    });
  });
  return joinLines(lines);
}

function pushSpan(lines: Lines, span: Span, index: number): void {
  lines.push(`Span #${index}`);
  pushIdentity(lines, span);
  field(lines, "Start time", timestamp(span.startTimeUnixNano));
  field(lines, "End time", timestamp(span.endTimeUnixNano));
  field(lines, "Status code", STATUSES[span.status?.code ?? 0] ?? String(span.status?.code));
  field(lines, "Status message", span.status?.message ?? "");
  lines.push(`    DroppedAttributesCount: ${span.droppedAttributesCount ?? 0}`);
  pushAttributes(lines, "Attributes", span.attributes);
  pushEvents(lines, span);
  lines.push(`    DroppedEventsCount: ${span.droppedEventsCount ?? 0}`);
  pushLinks(lines, span);
  lines.push(`    DroppedLinksCount: ${span.droppedLinksCount ?? 0}`);
}

function pushIdentity(lines: Lines, { traceId = "", parentSpanId = "", spanId = "", name = "", kind = 0, traceState = "" }: Span): void {
  field(lines, "Trace ID", traceId);
  field(lines, "Parent ID", parentSpanId);
  field(lines, "ID", spanId);
  field(lines, "Name", name);
  field(lines, "Kind", KINDS[kind] ?? String(kind));
  if (traceState !== "") field(lines, "TraceState", traceState);
}

function field(lines: Lines, name: string, value: string): void {
  lines.push(`    ${name.padEnd(15)}: ${value}`);
}

function pushEvents(lines: Lines, span: Span): void {
  if (span.events === undefined || span.events.length === 0) return;
  lines.push("Events:");
  span.events.forEach((event, index) => {
    lines.push(`SpanEvent #${index}`, `     -> Name: ${event.name ?? ""}`, `     -> Timestamp: ${timestamp(event.timeUnixNano)}`);
    lines.push(`     -> DroppedAttributesCount: ${event.droppedAttributesCount ?? 0}`);
    pushAttributes(lines, "     -> Attributes:", event.attributes);
  });
}

function pushLinks(lines: Lines, span: Span): void {
  if (span.links === undefined || span.links.length === 0) return;
  lines.push("Links:");
  span.links.forEach((link, index) => {
    lines.push(
      `SpanLink #${index}`,
      `     -> Trace ID: ${link.traceId ?? ""}`,
      `     -> ID: ${link.spanId ?? ""}`,
      `     -> TraceState: ${link.traceState ?? ""}`,
    );
    lines.push(`     -> DroppedAttributesCount: ${link.droppedAttributesCount ?? 0}`);
    pushAttributes(lines, "     -> Attributes:", link.attributes);
  });
}
