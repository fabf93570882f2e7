import { defineReceiver, type ReceiverDefinition } from "@tidemark/core";
import { selfAlertsConfig } from "./config.ts";
import { SelfAlerts } from "./self-alerts.ts";

/** Alerts about the collector itself. */
export const selfAlertsReceiver: ReceiverDefinition<typeof selfAlertsConfig> = defineReceiver({
  type: "self_alerts",
  stability: "beta",
  summary: "Raises alerts about the collector itself: failing exporters, growing queues, full storage, rejected reloads, and a watchdog.",
  signals: ["logs"],
  config: selfAlertsConfig,
  example: "queue_growing: { above: 0.5 }\nwatchdog: { enabled: true }\n",
  create: (config, context) => new SelfAlerts(config, context),
});
