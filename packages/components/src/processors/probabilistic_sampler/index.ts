import { defineProcessor, type ProcessorDefinition } from "@tidemark/core";
import { probabilisticSamplerConfig } from "./config.ts";
import { createSampler } from "./sampler.ts";

/** Keeps a consistent share of the traces and logs. */
export const probabilisticSamplerProcessor: ProcessorDefinition<typeof probabilisticSamplerConfig> = defineProcessor({
  type: "probabilistic_sampler",
  stability: "beta",
  summary: "Keeps a share of the traces and logs, the same ones on every machine, and writes down how many each stands for.",
  signals: ["traces", "logs"],
  config: probabilisticSamplerConfig,
  example: "mode: proportional\nsampling_percentage: 15\n",
  create: createSampler,
});
