import { DataPointType, type DataPoint, type Histogram, type MetricData, type ScopeMetrics } from "@opentelemetry/sdk-metrics";

/** Metrics of which the whole is the largest of its parts. */
const LARGEST: ReadonlySet<string> = new Set(["otelcol_process_uptime"]);

/**
 * The metrics of several processes as those of one: counters, histograms and gauges of equal attributes are added up. Gauges here
 * count things that each process has for itself, such as queues.
 */
export function mergeMetrics(processes: readonly (readonly ScopeMetrics[])[]): readonly ScopeMetrics[] {
  const scopes = new Map<string, { readonly scope: ScopeMetrics["scope"]; readonly metrics: Map<string, MetricData> }>();
  for (const { scope, metrics } of processes.flat()) {
    const key = `${scope.name} ${scope.version ?? ""}`;
    const merged = scopes.get(key) ?? { scope, metrics: new Map<string, MetricData>() };
    scopes.set(key, merged);
    for (const metric of metrics) {
      const { name } = metric.descriptor;
      const known = merged.metrics.get(name);
      merged.metrics.set(name, known === undefined ? metric : addMetric(known, metric));
    }
  }
  return Array.from(scopes.values(), ({ scope, metrics }) => ({ scope, metrics: [...metrics.values()] }));
}

/** Only what must never go back: counters and histograms. */
export function countersOf(scopes: readonly ScopeMetrics[]): readonly ScopeMetrics[] {
  return scopes.map(({ scope, metrics }) => ({ scope, metrics: metrics.filter(isCounter) }));
}

function isCounter(metric: MetricData): boolean {
  return metric.dataPointType === DataPointType.HISTOGRAM || (metric.dataPointType === DataPointType.SUM && metric.isMonotonic);
}

function addMetric(a: MetricData, b: MetricData): MetricData {
  if (a.dataPointType === DataPointType.HISTOGRAM && b.dataPointType === DataPointType.HISTOGRAM)
    return { ...a, dataPoints: addPoints(a.dataPoints, b.dataPoints, addHistograms) };
  const combine = LARGEST.has(a.descriptor.name) ? Math.max : (x: number, y: number): number => x + y;
  if (a.dataPointType === DataPointType.SUM && b.dataPointType === DataPointType.SUM)
    return { ...a, dataPoints: addPoints(a.dataPoints, b.dataPoints, combine) };
  if (a.dataPointType === DataPointType.GAUGE && b.dataPointType === DataPointType.GAUGE)
    return { ...a, dataPoints: addPoints(a.dataPoints, b.dataPoints, combine) };
  return a;
}

function addPoints<T>(a: readonly DataPoint<T>[], b: readonly DataPoint<T>[], combine: (x: T, y: T) => T): DataPoint<T>[] {
  const points = new Map(a.map((point) => [keyOf(point), point]));
  for (const point of b) {
    const key = keyOf(point);
    const known = points.get(key);
    points.set(key, known === undefined ? point : { ...known, value: combine(known.value, point.value) });
  }
  return [...points.values()];
}

function keyOf({ attributes }: DataPoint<unknown>): string {
  return JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function addHistograms(a: Histogram, b: Histogram): Histogram {
  return {
    buckets: { boundaries: a.buckets.boundaries, counts: a.buckets.counts.map((count, i) => count + (b.buckets.counts[i] ?? 0)) },
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    count: a.count + b.count,
    ...(a.min === undefined || b.min === undefined ? {} : { min: Math.min(a.min, b.min) }),
    ...(a.max === undefined || b.max === undefined ? {} : { max: Math.max(a.max, b.max) }),
  };
}
