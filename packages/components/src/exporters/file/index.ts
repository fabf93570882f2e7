import { defineExporter, inOneWorker, type ExporterDefinition } from "@tidemark/core";
import { fileConfig } from "./config.ts";
import { nodeFileSystem } from "./file-system.ts";
import { createFileExporter } from "./file.ts";

/** Writes telemetry and alerts to a file. */
export const fileExporter: ExporterDefinition<typeof fileConfig> = defineExporter({
  type: "file",
  stability: "beta",
  summary: "Writes telemetry and alerts to a file, as OTLP/JSON lines or as protobuf.",
  signals: ["traces", "metrics", "logs"],
  config: fileConfig,
  example: "path: ./telemetry.jsonl\n",
  partition: ({ path }) => inOneWorker(path),
  create: (config, context) => createFileExporter(config, context, nodeFileSystem),
});
