import { defineExporter, type ExporterDefinition } from "@tidemark/core";
import { otlpGrpcExporterConfig } from "./config.ts";
import { resolveByDns } from "./resolve-by-dns.ts";
import { OtlpGrpcExporter } from "./otlp-grpc-exporter.ts";

/** OTLP over gRPC. */
export const otlpGrpcExporter: ExporterDefinition<typeof otlpGrpcExporterConfig> = defineExporter({
  type: "otlp_grpc",
  aliases: ["otlp"],
  stability: "beta",
  summary: "Sends OTLP over gRPC.",
  signals: ["traces", "metrics", "logs"],
  borrows: true,
  config: otlpGrpcExporterConfig,
  example: "endpoint: otlp.example.com:4317\n",
  create: (config, context) => new OtlpGrpcExporter(config, context, resolveByDns),
});
