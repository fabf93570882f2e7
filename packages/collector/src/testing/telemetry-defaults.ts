import type { TelemetryConfig } from "@tidemark/config";

/** `service::telemetry` as an empty file has it, but without a scrape endpoint. For tests. */
export function telemetryDefaults(): TelemetryConfig {
  return {
    logs: {
      level: "INFO",
      encoding: "console",
      development: false,
      sampling: { enabled: true, tick: 10_000, initial: 10, thereafter: 100 },
      output_paths: ["stderr"],
      error_output_paths: ["stderr"],
      disable_caller: false,
      disable_stacktrace: false,
      initial_fields: {},
      disable_zap_resource: false,
      processors: [],
    },
    metrics: { level: "none", readers: [] },
    resource: {},
    traces: { level: "normal", propagators: [], processors: [] },
  };
}
