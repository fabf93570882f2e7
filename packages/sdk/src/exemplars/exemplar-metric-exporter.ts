import { OTLPMetricExporterBase } from "@opentelemetry/exporter-metrics-otlp-http";
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import { MetricsExporterMetricsHelper } from "@opentelemetry/otlp-transformer";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import { exemplarSerializer } from "./exemplar-serializer.ts";
import type { ExemplarStore } from "./exemplar-store.ts";

/** The OTLP/HTTP metric exporter of OpenTelemetry with exemplars: same transport, retry and environment variables. */
export function exemplarMetricExporter(url: string, store: ExemplarStore): PushMetricExporter {
  const options = convertLegacyHttpOptions({ url }, "METRICS", "v1/metrics", { "Content-Type": "application/json" });
  return new OTLPMetricExporterBase(
    createOtlpHttpExportDelegate(
      options,
      exemplarSerializer(store),
      "otlp_http_json_metric_exporter",
      MetricsExporterMetricsHelper,
      undefined,
    ),
  );
}
