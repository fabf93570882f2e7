import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { healthCheckConfig } from "./config.ts";
import { createHealthCheck } from "./health-check.ts";

/** Says over HTTP whether the collector is up and every node makes progress. */
export const healthCheckExtension: ExtensionDefinition<typeof healthCheckConfig> = defineExtension({
  type: "health_check",
  stability: "beta",
  summary: "Says over HTTP whether the collector is up and every node makes progress.",
  scope: "collector",
  config: healthCheckConfig,
  example: "endpoint: localhost:13133\n",
  create: createHealthCheck,
});
