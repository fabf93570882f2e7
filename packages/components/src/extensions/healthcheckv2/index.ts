import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { healthCheckV2Config } from "./config.ts";
import { createHealthCheckV2 } from "./health-check-v2.ts";

/** Says over HTTP how the collector, each pipeline and each component are, in the form of the Collector's second health check. */
export const healthcheckv2Extension: ExtensionDefinition<typeof healthCheckV2Config> = defineExtension({
  type: "healthcheckv2",
  stability: "alpha",
  summary: "Says over HTTP how the collector, each pipeline and each component are.",
  scope: "collector",
  config: healthCheckV2Config,
  example: "use_v2: true\nhttp: { endpoint: localhost:13133 }\n",
  create: createHealthCheckV2,
});
