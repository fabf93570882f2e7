import type {
  DataPointView,
  HistogramDataPoint,
  KeyValue,
  Metric,
  MetricsData,
  NumberDataPoint,
  ResourceMetrics,
  ScopeMetrics,
} from "@tidemark/otlp";
import type { Increase } from "./increase.ts";

const DELTA = 1;
/** The attribute of the metrics SDK specification, "Overflow attribute": a boolean. */
const OVERFLOW: readonly KeyValue[] = [{ key: "otel.metric.overflow", value: { boolValue: true } }];

/** Everything around the points of one metric: its resource, scope and description. */
export interface Envelope {
  readonly resource: ResourceMetrics;
  readonly scope: ScopeMetrics;
  readonly metric: Metric;
}

/** Takes the envelope out of a batch that holds one point. The resource is left out where there are too many of them. */
export function envelopeOf(data: MetricsData, keepsResource: boolean): Envelope | undefined {
  const resource = data.resourceMetrics?.[0];
  const scope = resource?.scopeMetrics?.[0];
  const metric = scope?.metrics?.[0];
  if (resource === undefined || scope === undefined || metric === undefined) return undefined;
  return { resource: keepsResource ? resource : {}, scope, metric };
}

/** One overflow series: it adds up what the series over the limit have. */
export class OverflowGroup {
  readonly bounds: readonly number[];
  readonly #envelope: Envelope;
  readonly #isDelta: boolean;
  readonly #isHistogram: boolean;
  #touched = false;
  #sum = 0;
  #hasSum = true;
  #isInt = true;
  #count = 0;
  #min: number | undefined;
  #max: number | undefined;
  #buckets: number[] = [];
  #start: bigint | undefined;
  #time = 0n;

  constructor(envelope: Envelope, bounds: readonly number[]) {
    const { sum, histogram } = envelope.metric;
    this.#envelope = envelope;
    this.bounds = bounds;
    this.#isHistogram = histogram !== undefined;
    this.#isDelta = (sum?.aggregationTemporality ?? histogram?.aggregationTemporality) === DELTA;
  }

  /** Whether something was added since the last `take`. */
  get touched(): boolean {
    return this.#touched;
  }

  add(increase: Increase, point: DataPointView): void {
    const start = point.startTimeUnixNano;
    const time = point.timeUnixNano;
    this.#touched = true;
    // A cumulative series keeps its first start for ever: another one would mean a reset.
    if (this.#start === undefined || (this.#isDelta && start < this.#start)) this.#start = start;
    if (time > this.#time) this.#time = time;
    if (increase.sum === undefined) this.#hasSum = false;
    else this.#sum += increase.sum;
    this.#isInt &&= increase.isInt;
    this.#count += increase.count;
    if (increase.min !== undefined) this.#min = Math.min(this.#min ?? increase.min, increase.min);
    if (increase.max !== undefined) this.#max = Math.max(this.#max ?? increase.max, increase.max);
    increase.bucketCounts.forEach((count, index) => (this.#buckets[index] = (this.#buckets[index] ?? 0) + count));
  }

  /** The overflow point as OTLP data. A delta series begins again at zero. */
  take(): ResourceMetrics {
    const { resource, scope, metric } = this.#envelope;
    const data = this.#isHistogram
      ? { histogram: { ...metric.histogram, dataPoints: [this.#histogramPoint()] } }
      : { sum: { ...metric.sum, dataPoints: [this.#numberPoint()] } };
    this.#touched = false;
    if (this.#isDelta) this.#reset();
    return { ...resource, scopeMetrics: [{ ...scope, metrics: [{ ...metric, ...data }] }] };
  }

  #numberPoint(): NumberDataPoint {
    const value = this.#isInt && Number.isSafeInteger(this.#sum) ? { asInt: BigInt(this.#sum) } : { asDouble: this.#sum };
    return { attributes: OVERFLOW, startTimeUnixNano: this.#start ?? 0n, timeUnixNano: this.#time, ...value };
  }

  #histogramPoint(): HistogramDataPoint {
    return {
      attributes: OVERFLOW,
      startTimeUnixNano: this.#start ?? 0n,
      timeUnixNano: this.#time,
      count: BigInt(this.#count),
      bucketCounts: this.#buckets.map(BigInt),
      explicitBounds: this.bounds,
      ...(this.#hasSum ? { sum: this.#sum } : {}),
      ...(this.#isDelta && this.#min !== undefined ? { min: this.#min } : {}),
      ...(this.#isDelta && this.#max !== undefined ? { max: this.#max } : {}),
    };
  }

  #reset(): void {
    this.#sum = 0;
    this.#hasSum = true;
    this.#isInt = true;
    this.#count = 0;
    this.#min = undefined;
    this.#max = undefined;
    this.#buckets = [];
    this.#start = undefined;
    this.#time = 0n;
  }
}
