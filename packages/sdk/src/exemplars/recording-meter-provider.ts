import type { Attributes, Context, Meter, MeterOptions, MeterProvider, MetricOptions } from "@opentelemetry/api";
import { instrumentExemplars, instrumentKey, offer } from "./exemplar-store.ts";
import type { ExemplarStore } from "./exemplar-store.ts";

type Measure = (value: number, attributes?: Attributes, within?: Context) => void;
type Observe = (instrument: string, boundaries: readonly number[], minimum: number) => Measure;

// The specification's default buckets, which the SDK uses where an instrument advises none.
const DEFAULT_BOUNDARIES: readonly number[] = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

/** A meter provider in front of another: it remembers, for each measurement made inside a sampled span, which span that was. */
export function recordingMeterProvider(inner: MeterProvider, store: ExemplarStore, nowMs: () => number): MeterProvider {
  return {
    getMeter: (name: string, version?: string, options?: MeterOptions): Meter =>
      recordingMeter(inner.getMeter(name, version, options), (instrument, boundaries, minimum) => {
        const exemplars = instrumentExemplars(store, instrumentKey(name, version, instrument), boundaries);
        return (value, attributes, within): void => {
          // The SDK drops what is below the minimum; an exemplar of it would belong to no bucket.
          if (value >= minimum) offer(exemplars, value, attributes ?? {}, within, nowMs());
        };
      }),
  };
}

function recordingMeter(meter: Meter, observe: Observe): Meter {
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

function both(remember: Measure, record: Measure): Measure {
  return (value, attributes, within) => {
    remember(value, attributes, within);
    record(value, attributes, within);
  };
}
