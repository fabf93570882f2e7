import { Deduplicator, LruMap } from "@tidemark/alerting";
import type { Alert, DeduplicatorOptions, LruEntry } from "@tidemark/alerting";
import { emptyDetectorState } from "./detector.ts";
import type { DetectorState } from "./detector.ts";
import type { PointMemory } from "./point-value.ts";

/** 52-bit identity of a metric series, or service and name of a span series. */
export type SeriesKey = number | string;

/** All that is remembered of one series. */
export interface Series extends LruEntry<SeriesKey> {
  readonly detector: DetectorState;
  readonly memory: PointMemory;
  /** When its last item arrived, by our clock; ms. */
  seenAt: number;
  /** As it was when it fired, evidence included; undefined while quiet. */
  alert: Alert | undefined;
}

/** State of the processor: handed from graph to graph, so that a reload forgets no baseline and repeats no alert. */
export interface EwmaState {
  /** What the series were chosen and measured by. */
  watching: string;
  readonly series: LruMap<SeriesKey, Series>;
  readonly firing: Set<Series>;
  readonly alerts: Deduplicator;
}

export function createEwmaState(options: DeduplicatorOptions, watching: string): EwmaState {
  return { watching, series: new LruMap(), firing: new Set(), alerts: new Deduplicator(options) };
}

/** Adds a series that was not known. The caller keeps the table within its bound. */
export function addSeries(state: EwmaState, key: SeriesKey, seenAt: number, memory: PointMemory): Series {
  const series: Series = {
    key,
    newer: undefined,
    older: undefined,
    detector: emptyDetectorState(),
    memory,
    seenAt,
    alert: undefined,
  };
  state.series.add(series);
  return series;
}
