import { durationField, noEffectField, queueField, retryField, timeoutField } from "@tidemark/core";
import { z } from "zod";
import { bufferFields } from "../../transport/buffer-fields.ts";
import { checkCompression, compressionField, compressionParamsField, headersField } from "../../transport/client-fields.ts";
import { clientTlsField } from "../../transport/tls-fields.ts";
import { parseTarget } from "./target.ts";

const keepaliveField = z
  .strictObject({
    time: durationField()
      .prefault("10s")
      .meta({ description: "Ping after this time without an answer from the far side.", examples: ["30s"] }),
    timeout: durationField()
      .prefault("10s")
      .meta({ description: "Give the connection up when a ping was not answered in this time.", examples: ["20s"] }),
    permit_without_stream: z
      .boolean()
      .default(false)
      .meta({ description: "Ping also while no call is open.", examples: [true] }),
  })
  .meta({ description: "Finds dead connections by pings. Absent: no pings.", examples: [{ time: "30s", timeout: "10s" }] });

const shape = z.strictObject({
  endpoint: z
    .string()
    .refine((text) => parseTarget(text) !== undefined, {
      error: (issue) =>
        `"${String(issue.input)}" is not a gRPC endpoint; write host:port, http://host:port, https://host:port or dns:///host:port`,
    })
    .meta({
      description: "host:port. A scheme http:// or https:// decides about TLS; without one `tls` does.",
      examples: ["otlp.example.com:4317"],
    }),
  compression: compressionField,
  compression_params: compressionParamsField,
  headers: headersField,
  authority: z
    .string()
    .optional()
    .meta({ description: "Value of the :authority header instead of the endpoint's.", examples: ["otlp.example.com"] }),
  keepalive: keepaliveField.optional(),
  tls: clientTlsField.prefault({}),
  timeout: timeoutField("5s"),
  sending_queue: queueField,
  retry_on_failure: retryField,
  ...bufferFields,
  balancer_name: noEffectField(z.string(), "all calls go over one connection to one address of the endpoint.", "round_robin"),
  wait_for_ready: noEffectField(z.boolean(), "a call that finds no connection fails, and `retry_on_failure` makes it again.", true),
});

/** Configuration of the `otlp_grpc` exporter: the Collector's. */
export const otlpGrpcExporterConfig: typeof shape = shape.superRefine((config, context) => checkCompression(config, context.issues));

/** Checked configuration of the `otlp_grpc` exporter. */
export type OtlpGrpcExporterConfig = z.output<typeof otlpGrpcExporterConfig>;
