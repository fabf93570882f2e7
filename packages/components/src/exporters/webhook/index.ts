import { defineExporter, type ExporterDefinition } from "@tidemark/core";
import { webhookConfig } from "./config.ts";
import { WebhookExporter } from "./webhook-exporter.ts";

/** Posts alerts as JSON. */
export const webhookExporter: ExporterDefinition<typeof webhookConfig> = defineExporter({
  type: "webhook",
  stability: "beta",
  summary: "Posts alerts as JSON, in the form of Alertmanager's webhook with the evidence as annotations.",
  signals: ["logs"],
  config: webhookConfig,
  example: "url: https://alerts.example.com/hook\n",
  create: (config, context) => new WebhookExporter(config, context),
});
