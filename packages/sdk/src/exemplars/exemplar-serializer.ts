import { ValueType } from "@opentelemetry/api";
import { JsonMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { IExportMetricsServiceResponse, ISerializer } from "@opentelemetry/otlp-transformer";
import { DataPointType } from "@opentelemetry/sdk-metrics";
import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { instrumentKey, take } from "./exemplar-store.ts";
import type { Exemplar, ExemplarStore } from "./exemplar-store.ts";

/** The parts of an OTLP/JSON metrics request that lead to its data points. */
interface RequestJson {
  readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly MetricJson[] }[] }[];
}
type MetricJson = Readonly<Partial<Record<(typeof DATA_FIELDS)[DataPointType], { readonly dataPoints: readonly PointJson[] }>>>;
interface PointJson {
  exemplars?: readonly object[];
}

const DATA_FIELDS = {
  [DataPointType.GAUGE]: "gauge",
  [DataPointType.SUM]: "sum",
  [DataPointType.HISTOGRAM]: "histogram",
  [DataPointType.EXPONENTIAL_HISTOGRAM]: "exponentialHistogram",
} as const;

/**
 * The SDK's OTLP/JSON serializer, plus exemplars. The SDK has no exemplars in its metric data, so they are put into the
 * finished request, whose scopes, metrics and points stand in the order of the metric data.
 */
export function exemplarSerializer(store: ExemplarStore): ISerializer<ResourceMetrics, IExportMetricsServiceResponse> {
  return {
    serializeRequest: (data) => {
      const bytes = JsonMetricsSerializer.serializeRequest(data);
      if (bytes === undefined) return undefined;
      const request = JSON.parse(new TextDecoder().decode(bytes)) as RequestJson;
      attach(request, data, store);
      return new TextEncoder().encode(JSON.stringify(request));
    },
    deserializeResponse: (bytes) => JsonMetricsSerializer.deserializeResponse(bytes),
  };
}

function attach(request: RequestJson, data: ResourceMetrics, store: ExemplarStore): void {
  for (const [s, { scope, metrics }] of data.scopeMetrics.entries()) {
    for (const [m, metric] of metrics.entries()) {
      const key = instrumentKey(scope.name, scope.version, metric.descriptor.name);
      const points = request.resourceMetrics[0]?.scopeMetrics[s]?.metrics[m]?.[DATA_FIELDS[metric.dataPointType]]?.dataPoints;
      for (const [p, { attributes, endTime }] of metric.dataPoints.entries()) {
        const exemplars = take(store, key, attributes, endTime[0] * 1000 + endTime[1] / 1e6);
        const point = points?.[p];
        if (point !== undefined && exemplars.length > 0) point.exemplars = exemplars.map((exemplar) => exemplarJson(exemplar, metric));
      }
    }
  }
}

function exemplarJson(exemplar: Exemplar, metric: MetricData): object {
  const isInteger = metric.dataPointType === DataPointType.SUM && metric.descriptor.valueType === ValueType.INT;
  return {
    timeUnixNano: `${exemplar.timeMs}000000`,
    ...(isInteger ? { asInt: exemplar.value } : { asDouble: exemplar.value }),
    spanId: exemplar.spanId,
    traceId: exemplar.traceId,
    filteredAttributes: Object.entries(exemplar.filteredAttributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
}
