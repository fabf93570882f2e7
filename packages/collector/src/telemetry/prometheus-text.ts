import type { Attributes } from "@opentelemetry/api";
import { DataPointType, type MetricData, type ResourceMetrics } from "@opentelemetry/sdk-metrics";

/** The Collector's `prometheus` pull exporter options that decide about names and labels. */
export interface PrometheusNaming {
  readonly without_scope_info: boolean;
  readonly without_units: boolean;
  readonly without_type_suffix: boolean;
  readonly with_resource_constant_labels?: { readonly included: readonly string[]; readonly excluded: readonly string[] } | undefined;
}

const UNIT_SUFFIX: Readonly<Record<string, string>> = { s: "seconds", ms: "milliseconds", By: "bytes", "1": "ratio" };

/** Writes metrics in the Prometheus text format 0.0.4. Series of one name stand together, as the format demands. */
export function prometheusText({ resource, scopeMetrics }: ResourceMetrics, naming: PrometheusNaming): string {
  const families = new Map<string, string[]>();
  const constant = constantLabels(resource.attributes, naming);
  for (const { scope, metrics } of scopeMetrics) {
    const scopeLabels = naming.without_scope_info ? {} : { otel_scope_name: scope.name, otel_scope_version: scope.version ?? "" };
    for (const metric of metrics) {
      const name = metricName(metric, naming);
      const lines = families.get(name) ?? [
        `# HELP ${name} ${escapeHelp(metric.descriptor.description)}`,
        `# TYPE ${name} ${typeName(metric)}`,
      ];
      lines.push(...sampleLines(name, metric, { ...scopeLabels, ...constant }));
      families.set(name, lines);
    }
  }
  const info = labels(resource.attributes);
  const target = `# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info${info} 1`;
  return `${[...[...families.values()].map((lines) => lines.join("\n")), target].join("\n")}\n`;
}

function metricName(metric: MetricData, naming: PrometheusNaming): string {
  let name = metric.descriptor.name.replace(/[^a-zA-Z0-9_:]/g, "_");
  const unit = UNIT_SUFFIX[metric.descriptor.unit];
  if (!naming.without_units && unit !== undefined && !name.endsWith(`_${unit}`)) name += `_${unit}`;
  const isCounter = typeName(metric) === "counter";
  return !naming.without_type_suffix && isCounter && !name.endsWith("_total") ? `${name}_total` : name;
}

function typeName(metric: MetricData): "counter" | "gauge" | "histogram" {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return "histogram";
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? "counter" : "gauge";
}

function sampleLines(name: string, metric: MetricData, constant: Attributes): string[] {
  switch (metric.dataPointType) {
    case DataPointType.SUM:
    case DataPointType.GAUGE:
      return metric.dataPoints.map(({ attributes, value }) => `${name}${labels({ ...attributes, ...constant })} ${number(value)}`);
    case DataPointType.HISTOGRAM:
      return metric.dataPoints.flatMap(({ attributes, value }) => {
        const own = { ...attributes, ...constant };
        let total = 0;
        const buckets = value.buckets.counts.map((count, index) => {
          total += count;
          const le = index < value.buckets.boundaries.length ? number(value.buckets.boundaries[index] ?? 0) : "+Inf";
          return `${name}_bucket${labels({ ...own, le })} ${total}`;
        });
        return [...buckets, `${name}_sum${labels(own)} ${number(value.sum ?? 0)}`, `${name}_count${labels(own)} ${value.count}`];
      });
    default:
      // The collector makes no exponential histograms of its own.
      return [];
  }
}

function constantLabels(attributes: Attributes, { with_resource_constant_labels: wanted }: PrometheusNaming): Attributes {
  if (wanted === undefined) return {};
  const matches = (patterns: readonly string[], key: string): boolean => patterns.some((pattern) => wildcard(pattern).test(key));
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => matches(wanted.included, key) && !matches(wanted.excluded, key)));
}

function wildcard(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  );
}

function labels(attributes: Attributes): string {
  const pairs = Object.entries(attributes).map(([key, value]) => `${key.replace(/[^a-zA-Z0-9_]/g, "_")}="${escapeLabel(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
