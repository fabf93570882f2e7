import type { Batch, TraceBatch } from "../index.ts";
import { batchFromObject } from "../index.ts";
import type { Span } from "../object/types.ts";
import type { AttributesInput } from "./any-value.ts";
import { keyValues } from "./any-value.ts";
import type { SenderInput } from "./defaults.ts";
import { resourceOf, scopeOf, spanIdOf, timeOf, traceIdOf } from "./defaults.ts";

/** A span; any field of the OTLP span, with attributes by name. */
export interface SpanInput extends Omit<Span, "attributes" | "endTimeUnixNano"> {
  readonly attributes?: AttributesInput;
  /** default 10 */
  readonly durationMs?: number;
}

export interface TracesInput extends SenderInput {
  readonly spans: readonly SpanInput[];
}

/**
 * A batch of spans of one resource and scope. Span `i` defaults to trace and span id `i + 1`, name "span-i", kind
 * internal (1), start `i` ms after 2026-01-01T00:00:00Z and 10 ms duration.
 */
export function traces(input: TracesInput): TraceBatch {
  const spans = input.spans.map(spanOf);
  return batchFromObject("traces", { resourceSpans: [{ resource: resourceOf(input), scopeSpans: [{ scope: scopeOf(input), spans }] }] });
}

/** A batch of `count` spans that are told apart by their names: "s0", "s1" and so on. */
export function spans(count: number, prefix = "s"): TraceBatch {
  return traces({ spans: Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}` })) });
}

/** The names of the spans in a batch, in their order. */
export function spanNames(batch: Batch): string[] {
  const names: string[] = [];
  if (batch.signal === "traces") for (const cursor = batch.items(); cursor.next();) names.push(cursor.name);
  return names;
}

function spanOf(input: SpanInput, index: number): Span {
  const { attributes, durationMs = 10, ...fields } = input;
  const startTimeUnixNano = fields.startTimeUnixNano ?? timeOf(index);
  return {
    traceId: traceIdOf(index),
    spanId: spanIdOf(index),
    name: `span-${index}`,
    kind: 1,
    ...fields,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + BigInt(Math.round(durationMs * 1e6)),
    attributes: keyValues(attributes ?? {}),
  };
}
