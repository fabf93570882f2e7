import { TraceFlags, context, trace } from "@opentelemetry/api";
import type { Attributes, Context } from "@opentelemetry/api";
import { roomAttributes } from "../room.ts";

/** A measurement with the trace in which it was made. */
export interface Exemplar {
  readonly timeMs: number;
  readonly value: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Allowed baggage at the time of the measurement; not part of the series. */
  readonly filteredAttributes: Readonly<Record<string, string>>;
}

/** The exemplars of one instrument. One place per histogram bucket; other instruments have one bucket. */
export interface InstrumentExemplars {
  /** Upper bounds of the buckets, ascending, without the last (infinite) one. */
  readonly boundaries: readonly number[];
  readonly series: Map<string, (Exemplar | undefined)[]>;
}

/** By scope name, scope version and instrument name. */
export type ExemplarStore = Map<string, InstrumentExemplars>;

// The SDK's own cardinality limit per instrument.
const MAX_SERIES = 2000;

/** The key of an instrument in the store. The SDK treats instrument names that differ only in case as one. */
export function instrumentKey(scope: string, version: string | undefined, instrument: string): string {
  return `${scope}\0${version ?? ""}\0${instrument.toLowerCase()}`;
}

/** Finds or makes the place for an instrument's exemplars. */
export function instrumentExemplars(store: ExemplarStore, key: string, boundaries: readonly number[]): InstrumentExemplars {
  let found = store.get(key);
  if (found === undefined) {
    found = { boundaries, series: new Map() };
    store.set(key, found);
  }
  return found;
}

/**
 * Remembers a measurement that was made inside a sampled span (the specification's `trace_based` exemplar filter). Each
 * bucket keeps its last one (the specification's aligned histogram bucket reservoir).
 */
export function offer(
  instrument: InstrumentExemplars,
  value: number,
  attributes: Attributes,
  within: Context | undefined,
  timeMs: number,
): void {
  const from = within ?? context.active();
  const span = trace.getSpanContext(from);
  if (span === undefined || (span.traceFlags & TraceFlags.SAMPLED) === 0) return;
  const key = seriesKey(attributes);
  let buckets = instrument.series.get(key);
  if (buckets === undefined) {
    if (instrument.series.size >= MAX_SERIES) return;
    buckets = [];
    instrument.series.set(key, buckets);
  }
  const filteredAttributes = roomAttributes(from);
  buckets[bucketOf(value, instrument.boundaries)] = { timeMs, value, traceId: span.traceId, spanId: span.spanId, filteredAttributes };
}

/** Takes the exemplars of a series that were made at or before `untilMs` out of the store; later ones wait for the next export. */
export function take(store: ExemplarStore, key: string, attributes: Attributes, untilMs: number): Exemplar[] {
  const series = store.get(key)?.series;
  if (series === undefined || series.size === 0) return [];
  const name = seriesKey(attributes);
  const buckets = series.get(name) ?? [];
  const taken: Exemplar[] = [];
  let waiting = 0;
  for (const [bucket, exemplar] of buckets.entries()) {
    if (exemplar === undefined) continue;
    if (exemplar.timeMs > untilMs) {
      waiting += 1;
      continue;
    }
    taken.push(exemplar);
    buckets[bucket] = undefined;
  }
  if (waiting === 0) series.delete(name);
  return taken;
}

function seriesKey(attributes: Attributes): string {
  return JSON.stringify(
    Object.keys(attributes)
      .sort()
      .map((name) => [name, attributes[name]]),
  );
}

function bucketOf(value: number, boundaries: readonly number[]): number {
  const bucket = boundaries.findIndex((boundary) => value <= boundary);
  return bucket < 0 ? boundaries.length : bucket;
}
