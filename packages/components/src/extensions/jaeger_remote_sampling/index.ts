import { defineExtension, type ExtensionDefinition } from "@tidemark/core";
import { readTextFile } from "../../files/read-text-file.ts";
import { jaegerRemoteSamplingConfig } from "./config.ts";
import { createJaegerRemoteSampling } from "./jaeger-remote-sampling.ts";

/** Serves sampling strategies to the SDKs of services by Jaeger's remote sampling API. */
export const jaegerRemoteSamplingExtension: ExtensionDefinition<typeof jaegerRemoteSamplingConfig> = defineExtension({
  type: "jaeger_remote_sampling",
  aliases: ["jaegerremotesampling"],
  stability: "beta",
  summary: "Serves sampling strategies to the SDKs of services by Jaeger's remote sampling API.",
  scope: "collector",
  config: jaegerRemoteSamplingConfig,
  example: "source:\n  contents:\n    default_strategy: { type: probabilistic, param: 0.1 }\n",
  create: (config, context) => createJaegerRemoteSampling(config, context, readTextFile),
});
