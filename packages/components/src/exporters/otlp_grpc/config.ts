import { durationField, joiningQueueField, retryField, timeoutField } from "@tidemark/core";
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

const endpointField = (): z.ZodString =>
  z.string().refine((text) => parseTarget(text) !== undefined, {
    error: (issue) =>
      `"${String(issue.input)}" is not a gRPC endpoint; write host:port, http://host:port, https://host:port or dns:///host:port`,
  });

const shape = z.strictObject({
  endpoint: endpointField()
    .optional()
    .meta({
      description:
        "host:port. A scheme http:// or https:// decides about TLS; without one `tls` does. With dns:///host:port each address of the host is an endpoint of its own.",
      examples: ["otlp.example.com:4317"],
    }),
  endpoints: z
    .array(endpointField())
    .default([])
    .meta({
      description: "Several endpoints, instead of `endpoint`. Not in the Collector.",
      examples: [["a.example.com:4317", "b.example.com:4317"]],
    }),
  balancer_name: balancerField,
  wait_for_ready: z
    .boolean()
    .default(false)
    .meta({ description: "A call that finds no connection waits for one until its `timeout`, instead of failing.", examples: [true] }),
  auth: clientAuthField,
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
  sending_queue: joiningQueueField,
  retry_on_failure: retryField,
  ...bufferFields,
});

/** Configuration of the `otlp_grpc` exporter: the Collector's. */
export const otlpGrpcExporterConfig: typeof shape = shape.superRefine((config, context) => {
  checkCompression(config, context.issues);
  checkEndpoints(config, "host:4317", context.issues);
});

/** Checked configuration of the `otlp_grpc` exporter. */
export type OtlpGrpcExporterConfig = z.output<typeof otlpGrpcExporterConfig>;
