import { defineExporter, inOneWorker, type ExporterDefinition } from "@tidemark/core";
import { wecomConfig } from "./config.ts";
import { WecomExporter } from "./wecom-exporter.ts";

/** Sends alerts to a WeCom (企业微信) group robot. */
export const wecomExporter: ExporterDefinition<typeof wecomConfig> = defineExporter({
  type: "wecom",
  stability: "beta",
  summary: "Sends alerts to a WeCom (企业微信) group robot, within its limits of size and rate.",
  signals: ["logs"],
  config: wecomConfig,
  example: "url: https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=00000000-0000-0000-0000-000000000000\n",
  // A robot's quota counts for all who send by it.
  partition: (_config, id) => inOneWorker(id),
  create: (config, context) => new WecomExporter(config, context),
});
