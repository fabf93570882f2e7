import { durationField } from "@tidemark/core";
import { z } from "zod";
import { collectionIntervalField, initialDelayField, metricSwitch } from "../../scraping/scrape-fields.ts";
import { METRICS } from "./metrics.ts";
import { targetField } from "./target-fields.ts";

const metricsField = z
  .strictObject({
    "httpcheck.status": metricSwitch(METRICS["httpcheck.status"], true),
    "httpcheck.duration": metricSwitch(METRICS["httpcheck.duration"], true),
    "httpcheck.error": metricSwitch(METRICS["httpcheck.error"], true),
    "health.status": metricSwitch(METRICS["health.status"], true),
    "httpcheck.dns.lookup.duration": metricSwitch(METRICS["httpcheck.dns.lookup.duration"], false),
    "httpcheck.client.connection.duration": metricSwitch(METRICS["httpcheck.client.connection.duration"], false),
    "httpcheck.tls.handshake.duration": metricSwitch(METRICS["httpcheck.tls.handshake.duration"], false),
    "httpcheck.client.request.duration": metricSwitch(METRICS["httpcheck.client.request.duration"], false),
    "httpcheck.response.duration": metricSwitch(METRICS["httpcheck.response.duration"], false),
    "httpcheck.response.size": metricSwitch(METRICS["httpcheck.response.size"], false),
    "httpcheck.tls.cert_remaining": metricSwitch(METRICS["httpcheck.tls.cert_remaining"], false),
    "httpcheck.validation.passed": metricSwitch(METRICS["httpcheck.validation.passed"], false),
    "httpcheck.validation.failed": metricSwitch(METRICS["httpcheck.validation.failed"], false),
  })
  .prefault({})
  .meta({ description: "Which metrics are given.", examples: [{ "httpcheck.response.size": { enabled: true } }] });

const fields = z.strictObject({
  targets: z
    .array(targetField)
    .min(1, "no target is configured; write targets: [{ endpoint: https://host/path }]")
    .meta({ description: "What is checked.", examples: [[{ endpoint: "https://pay.example.com/health" }]] }),
  collection_interval: collectionIntervalField("60s"),
  initial_delay: initialDelayField,
  timeout: durationField()
    .prefault("0s")
    .meta({ description: "How long a check may take, from its start to the end of the answer; 0s: 30s.", examples: ["2s"] }),
  failure_threshold: z
    .int()
    .min(1)
    .default(3)
    .meta({
      description: "With so many failures in a row a target is DEGRADED; one success ends it. Not in the Collector.",
      examples: [5],
    }),
  max_concurrent_checks: z
    .int()
    .min(1)
    .default(64)
    .meta({ description: "Checks that may run at the same time; more wait for their turn. Not in the Collector.", examples: [8] }),
  metrics: metricsField,
});

/** Configuration of `http_check`: the Collector's, and from when on a target is DEGRADED. */
export const httpCheckConfig: typeof fields = fields;

/** Checked configuration; times in milliseconds. */
export type HttpCheckConfig = z.output<typeof fields>;
