import { defineConnector, type ConnectorDefinition } from "@tidemark/core";
import { forwardConfig } from "./config.ts";

/** Joins pipelines of the same signal without touching the data. */
export const forwardConnector: ConnectorDefinition<typeof forwardConfig> = defineConnector({
  type: "forward",
  stability: "beta",
  summary: "Hands the data of one pipeline on to others of the same signal, unchanged.",
  pairs: [
    ["traces", "traces"],
    ["metrics", "metrics"],
    ["logs", "logs"],
  ],
  config: forwardConfig,
  example: "{}\n",
  create: () => ({ operator: (source) => source }),
});
