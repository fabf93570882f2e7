import type { InstrumentationScope, Resource } from "@tidemark/otlp";
import { attributePairs, pushAttributes, type Lines } from "./text.ts";

/** How a signal calls its envelopes. */
export interface EnvelopeNames {
  readonly resource: string;
  readonly scope: string;
}

export const TRACE_NAMES: EnvelopeNames = { resource: "ResourceSpans", scope: "ScopeSpans" };
export const METRIC_NAMES: EnvelopeNames = { resource: "ResourceMetrics", scope: "ScopeMetrics" };
/** The Collector writes the resource in the singular. */
export const LOG_NAMES: EnvelopeNames = { resource: "ResourceLog", scope: "ScopeLogs" };

interface ResourceEnvelope {
  readonly resource?: Resource;
  readonly schemaUrl?: string;
}

interface ScopeEnvelope {
  readonly scope?: InstrumentationScope;
  readonly schemaUrl?: string;
}

/** The head of a resource in detailed verbosity. */
export function pushResource(lines: Lines, names: EnvelopeNames, index: number, envelope: ResourceEnvelope): void {
  lines.push(`${names.resource} #${index}`, `Resource SchemaURL: ${envelope.schemaUrl ?? ""}`);
  pushAttributes(lines, "Resource attributes", envelope.resource?.attributes);
}

/** The head of a scope in detailed verbosity. */
export function pushScope(lines: Lines, names: EnvelopeNames, index: number, envelope: ScopeEnvelope): void {
  lines.push(`${names.scope} #${index}`, `${names.scope} SchemaURL: ${envelope.schemaUrl ?? ""}`);
  lines.push(`InstrumentationScope ${envelope.scope?.name ?? ""} ${envelope.scope?.version ?? ""}`);
  pushAttributes(lines, "InstrumentationScope attributes", envelope.scope?.attributes);
}

/** The head of a resource in normal verbosity: one line. */
export function resourceLine(names: EnvelopeNames, index: number, envelope: ResourceEnvelope): string {
  return [`${names.resource} #${index}`, ...schema(envelope.schemaUrl), ...attributePairs(envelope.resource?.attributes)].join(" ");
}

/** The head of a scope in normal verbosity: one line. */
export function scopeLine(names: EnvelopeNames, index: number, envelope: ScopeEnvelope): string {
  const { name = "", version = "", attributes } = envelope.scope ?? {};
  const label = `${name}${version === "" ? "" : `@${version}`}`;
  return [`${names.scope} #${index}`, ...(label === "" ? [] : [label]), ...schema(envelope.schemaUrl), ...attributePairs(attributes)].join(
    " ",
  );
}

function schema(url: string | undefined): string[] {
  return url === undefined || url === "" ? [] : [`[${url}]`];
}
