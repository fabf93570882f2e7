import type { Attributes, Context, Meter, MeterOptions, MeterProvider, MetricOptions } from "@opentelemetry/api";
import { instrumentExemplars, instrumentKey, offer } from "./exemplar-store.ts";
import type { ExemplarStore } from "./exemplar-store.ts";

// The specification's default buckets, which the SDK uses where an instrument advises none.
const DEFAULT_BOUNDARIES: readonly number[] = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

/** A meter provider in front of another: it remembers, for each measurement made inside a sampled span, which span that was. */
export function recordingMeterProvider(inner: MeterProvider, store: ExemplarStore, nowMs: () => number): MeterProvider {
  return {
    getMeter: (name: string, version?: string, options?: MeterOptions): Meter =>
      recordingMeter(inner.getMeter(name, version, options), nowMs, (instrument, boundaries) =>
        instrumentExemplars(store, instrumentKey(name, version, instrument), boundaries),
      ),
  };
}

function recordingMeter(
  meter: Meter,
  nowMs: () => number,
  slot: (instrument: string, boundaries: readonly number[]) => ReturnType<typeof instrumentExemplars>,
): Meter {
  const observe = (name: string, boundaries: readonly number[], minimum: number) => {
    const exemplars = slot(name, boundaries);
    return (value: number, attributes?: Attributes, within?: Context): void => {
      // The SDK drops what is below the minimum; an exemplar of it would belong to no bucket.
      if (value >= minimum) offer(exemplars, value, attributes ?? {}, within, nowMs());
    };
  };
  const both =
    <A extends Attributes>(remember: (value: number, attributes?: Attributes, within?: Context) => void, record: typeof remember) =>
    (value: number, attributes?: A, within?: Context): void => {
      remember(value, attributes, within);
      record(value, attributes, within);
    };
  return {
    createHistogram: (name: string, options?: MetricOptions) => {
      const inner = meter.createHistogram(name, options);
      const boundaries = options?.advice?.explicitBucketBoundaries ?? DEFAULT_BOUNDARIES;
      return { record: both(observe(name, boundaries, 0), inner.record.bind(inner)) };
    },
    createCounter: (name: string, options?: MetricOptions) => {
      const inner = meter.createCounter(name, options);
      return { add: both(observe(name, [], 0), inner.add.bind(inner)) };
    },
    createUpDownCounter: (name: string, options?: MetricOptions) => {
      const inner = meter.createUpDownCounter(name, options);
      return { add: both(observe(name, [], -Infinity), inner.add.bind(inner)) };
    },
    createGauge: (name: string, options?: MetricOptions) => {
      const inner = meter.createGauge(name, options);
      return { record: both(observe(name, [], -Infinity), inner.record.bind(inner)) };
    },
    // Observables are read by the SDK outside of any span: they have no exemplars.
    createObservableGauge: meter.createObservableGauge.bind(meter),
    createObservableCounter: meter.createObservableCounter.bind(meter),
    createObservableUpDownCounter: meter.createObservableUpDownCounter.bind(meter),
    addBatchObservableCallback: meter.addBatchObservableCallback.bind(meter),
    removeBatchObservableCallback: meter.removeBatchObservableCallback.bind(meter),
  };
}
