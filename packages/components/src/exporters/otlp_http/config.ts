import { joiningQueueField, retryField, timeoutField } from "@tidemark/core";
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
import { connectionFields, urlField } from "../../transport/http-client-fields.ts";
import { clientTlsField } from "../../transport/tls/tls-fields.ts";

const url = (): z.ZodOptional<z.ZodString> => urlField().optional();

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
  tls: clientTlsField.prefault({}),
  timeout: timeoutField("30s"),
  sending_queue: joiningQueueField,
  retry_on_failure: retryField,
  ...bufferFields,
  ...connectionFields,
  auth: clientAuthField,
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
