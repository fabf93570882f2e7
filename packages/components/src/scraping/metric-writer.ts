import { nanosFromMs } from "@tidemark/alerting";
import { batchFromObject, type KeyValue, type Metric, type MetricBatch, type NumberDataPoint } from "@tidemark/otlp";

const CUMULATIVE = 2;

/** What a metric is, whatever its value. */
export interface MetricInfo {
  readonly name: string;
  /** In the notation of UCUM, as OpenTelemetry has it: `ms`, `By`, `{error}`. */
  readonly unit: string;
  readonly description: string;
  /** `updown` is a cumulative sum that also falls. */
  readonly kind: "gauge" | "updown";
}

/** Attributes of a point; whole numbers become ints, and what is undefined is left out. */
export type PointAttributes = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Collects the points of one look at something, and makes a batch of them. The resource is empty, as in the Collector's scrapers. */
export class MetricWriter {
  readonly #scope: string;
  readonly #startTime: bigint;
  readonly #metrics = new Map<MetricInfo, NumberDataPoint[]>();

  /** `startedAt` is since when sums are counted, in milliseconds since the Unix epoch. */
  constructor(scope: string, startedAt: number) {
    this.#scope = scope;
    this.#startTime = nanosFromMs(startedAt);
  }

  /** Adds one whole number, seen at `at` in milliseconds since the Unix epoch. */
  add(metric: MetricInfo, value: number, attributes: PointAttributes, at: number): void {
    const point: NumberDataPoint = {
      attributes: keyValues(attributes),
      ...(metric.kind === "gauge" ? {} : { startTimeUnixNano: this.#startTime }),
      timeUnixNano: nanosFromMs(at),
      asInt: BigInt(Math.trunc(value)),
    };
    const points = this.#metrics.get(metric);
    if (points === undefined) this.#metrics.set(metric, [point]);
    else points.push(point);
  }

  /** All points so far, by metric in the order of their first points. */
  batch(): MetricBatch {
    const metrics = [...this.#metrics].map(([{ name, unit, description, kind }, dataPoints]): Metric => {
      const data = kind === "gauge" ? { gauge: { dataPoints } } : { sum: { dataPoints, aggregationTemporality: CUMULATIVE } };
      return { name, unit, description, ...data };
    });
    return batchFromObject("metrics", {
      resourceMetrics: metrics.length === 0 ? [] : [{ resource: {}, scopeMetrics: [{ scope: { name: this.#scope }, metrics }] }],
    });
  }
}

function keyValues(attributes: PointAttributes): KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (typeof value === "string") return { key, value: { stringValue: value } };
    if (typeof value === "number") return { key, value: { intValue: BigInt(value) } };
    return { key, value: { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } } };
  });
}
