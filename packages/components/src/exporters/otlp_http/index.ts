import { defineExporter, type ExporterDefinition } from "@tidemark/core";
import { otlpHttpExporterConfig } from "./config.ts";
import { OtlpHttpExporter } from "./otlp-http-exporter.ts";

/** OTLP over HTTP/1.1. */
export const otlpHttpExporter: ExporterDefinition<typeof otlpHttpExporterConfig> = defineExporter({
  type: "otlp_http",
  aliases: ["otlphttp"],
  stability: "beta",
  summary: "Sends OTLP over HTTP, as protobuf or JSON.",
  signals: ["traces", "metrics", "logs"],
  borrows: true,
  config: otlpHttpExporterConfig,
  example: "endpoint: https://otlp.example.com:4318\n",
  create: (config, context) => new OtlpHttpExporter(config, context),
});
