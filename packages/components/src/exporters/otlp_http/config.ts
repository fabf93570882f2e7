import { durationField, noEffectField, joiningQueueField, retryField, timeoutField } from "@tidemark/core";
import { z } from "zod";
import { bufferFields } from "../../transport/buffer-fields.ts";
import {
  balancerField,
  checkCompression,
  checkEndpoints,
  clientAuthField,
  compressionField,
  compressionParamsField,
  headersField,
} from "../../transport/client-fields.ts";
import { clientTlsField } from "../../transport/tls/tls-fields.ts";

const urlField = (): z.ZodString =>
  z
    .string()
    .refine(isHttpUrl, { error: (issue) => `"${String(issue.input)}" is not an HTTP URL; write http://host:port or https://host:port` });
const url = (): z.ZodOptional<z.ZodString> => urlField().optional();

const HTTP_1 = "requests go over HTTP/1.1.";

const shape = z.strictObject({
  endpoint: url().meta({
    description: "Base URL; /v1/traces, /v1/metrics and /v1/logs are appended.",
    examples: ["https://otlp.example.com:4318"],
  }),
  endpoints: z
    .array(urlField())
    .default([])
    .meta({
      description: "Several base URLs, instead of `endpoint`. Not in the Collector.",
      examples: [["https://a.example.com:4318", "https://b.example.com:4318"]],
    }),
  balancer_name: balancerField,
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
    .meta({ description: "Connections that may be open to a host; requests beyond them wait. 0: no limit.", examples: [8] }),
  tls: clientTlsField.prefault({}),
  timeout: timeoutField("30s"),
  sending_queue: joiningQueueField,
  retry_on_failure: retryField,
  ...bufferFields,
  max_idle_conns: z
    .int()
    .min(0)
    .default(100)
    .meta({ description: "Connections to a host that are kept while nothing is sent. 0: no limit.", examples: [10] }),
  max_idle_conns_per_host: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "The same; the smaller of the two counts. 0: no limit.", examples: [10] }),
  idle_conn_timeout: durationField()
    .prefault("90s")
    .meta({
      description: "A connection that is not used for this long is closed; 0s keeps it until the server closes it.",
      examples: ["30s"],
    }),
  proxy_url: urlField()
    .optional()
    .meta({
      description: "Proxy for all requests; https:// endpoints are reached through CONNECT.",
      examples: ["http://proxy.example.com:3128"],
    }),
  auth: clientAuthField,
  force_attempt_http2: noEffectField(z.boolean(), HTTP_1, true),
  http2_read_idle_timeout: noEffectField(durationField(), HTTP_1, "10s"),
  http2_ping_timeout: noEffectField(durationField(), HTTP_1, "15s"),
});

/** Configuration of the `otlp_http` exporter: the Collector's. */
export const otlpHttpExporterConfig: typeof shape = shape
  .superRefine((config, context) => {
    if ((config.traces_endpoint ?? config.metrics_endpoint ?? config.logs_endpoint) === undefined || config.endpoints.length > 0) {
      checkEndpoints(config, "http://host:4318", context.issues);
    }
    checkCompression(config, context.issues);
  })
  .meta({ notHere: { cookies: "take it out: cookies are not kept; several back ends are reached with `endpoints`" } });

/** Checked configuration of the `otlp_http` exporter. */
export type OtlpHttpExporterConfig = z.output<typeof otlpHttpExporterConfig>;

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
