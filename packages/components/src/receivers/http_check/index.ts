import { defineReceiver, type ReceiverDefinition } from "@tidemark/core";
import { httpCheckConfig } from "./config.ts";
import { HttpCheck } from "./http-check.ts";

/** Checks of HTTP endpoints. */
export const httpCheckReceiver: ReceiverDefinition<typeof httpCheckConfig> = defineReceiver({
  type: "http_check",
  aliases: ["httpcheck"],
  stability: "beta",
  summary: "Asks HTTP endpoints again and again, and gives their status, how long they took, and whether they are DEGRADED as metrics.",
  signals: ["metrics"],
  config: httpCheckConfig,
  example: "targets:\n  - endpoint: https://pay.example.com/health\n",
  create: (config, context) => new HttpCheck(config, context),
});
