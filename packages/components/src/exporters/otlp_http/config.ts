import { durationField, noEffectField, queueField, retryField, timeoutField } from "@tidemark/core";
import { z } from "zod";
import { bufferFields } from "../../transport/buffer-fields.ts";
import { checkCompression, compressionField, compressionParamsField, headersField } from "../../transport/client-fields.ts";
import { clientTlsField } from "../../transport/tls-fields.ts";

const url = (): z.ZodOptional<z.ZodString> =>
  z
    .string()
    .refine(isHttpUrl, { error: (issue) => `"${String(issue.input)}" is not an HTTP URL; write http://host:port or https://host:port` })
    .optional();

const HTTP_1 = "requests go over HTTP/1.1.";
const IDLE = "an idle connection stays open until the server closes it.";

const shape = z.strictObject({
  endpoint: url().meta({
    description: "Base URL; /v1/traces, /v1/metrics and /v1/logs are appended.",
    examples: ["https://otlp.example.com:4318"],
  }),
  traces_endpoint: url().meta({
    description: "Whole URL for traces, instead of `endpoint`.",
    examples: ["https://traces.example.com/v1/traces"],
  }),
  metrics_endpoint: url().meta({
    description: "Whole URL for metrics, instead of `endpoint`.",
    examples: ["https://metrics.example.com/v1/metrics"],
  }),
  logs_endpoint: url().meta({
    description: "Whole URL for logs and alerts, instead of `endpoint`.",
    examples: ["https://logs.example.com/v1/logs"],
  }),
  encoding: z
    .enum(["proto", "json"])
    .default("proto")
    .meta({ description: "Form of the body.", examples: ["json"] }),
  compression: compressionField,
  compression_params: compressionParamsField,
  headers: headersField,
  disable_keep_alives: z
    .boolean()
    .default(false)
    .meta({ description: "A connection of its own for each request.", examples: [true] }),
  max_conns_per_host: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Connections that each signal may have open; requests beyond them wait. 0: no limit.", examples: [8] }),
  tls: clientTlsField.prefault({}),
  timeout: timeoutField("30s"),
  sending_queue: queueField,
  retry_on_failure: retryField,
  ...bufferFields,
  max_idle_conns: noEffectField(z.int(), IDLE, 100),
  max_idle_conns_per_host: noEffectField(z.int(), IDLE, 10),
  idle_conn_timeout: noEffectField(durationField(), IDLE, "90s"),
  force_attempt_http2: noEffectField(z.boolean(), HTTP_1, true),
  http2_read_idle_timeout: noEffectField(durationField(), HTTP_1, "10s"),
  http2_ping_timeout: noEffectField(durationField(), HTTP_1, "15s"),
});

/** Configuration of the `otlp_http` exporter: the Collector's. */
export const otlpHttpExporterConfig: typeof shape = shape.superRefine((config, context) => {
  const issue = (path: string[], message: string): number => context.issues.push({ code: "custom", message, path, input: config });
  if ((config.endpoint ?? config.traces_endpoint ?? config.metrics_endpoint ?? config.logs_endpoint) === undefined) {
    issue(["endpoint"], "at least one endpoint must be specified; write endpoint: http://host:4318");
  }
  checkCompression(config, context.issues);
});

/** Checked configuration of the `otlp_http` exporter. */
export type OtlpHttpExporterConfig = z.output<typeof otlpHttpExporterConfig>;

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
