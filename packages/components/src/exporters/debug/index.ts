import { defineExporter, type ExporterDefinition } from "@tidemark/core";
import { debugConfig } from "./config.ts";
import { createDebugExporter } from "./debug.ts";

/** Writes telemetry and alerts as text, for people. */
export const debugExporter: ExporterDefinition<typeof debugConfig> = defineExporter({
  type: "debug",
  aliases: ["logging"],
  stability: "beta",
  summary: "Writes telemetry and alerts as text to the collector's log or the terminal.",
  signals: ["traces", "metrics", "logs"],
  config: debugConfig,
  example: "verbosity: normal\n",
  create: (config, context) =>
    createDebugExporter(config, context, (text) => {
      for (const path of config.output_paths) process[path].write(text);
    }),
});
