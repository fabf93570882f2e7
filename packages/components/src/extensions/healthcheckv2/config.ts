import { durationField } from "@tidemark/core";
import { z } from "zod";
import { parseListenAddress } from "../../transport/listen.ts";

const fields = z.strictObject({
  use_v2: z
    .boolean()
    .default(false)
    .refine((isV2) => isV2, "the older form is the extension health_check here: use that, or write use_v2: true")
    .meta({ description: "Must be true: the older form is the extension `health_check`.", examples: [true] }),
  component_health: z
    .strictObject({
      include_permanent_errors: z
        .boolean()
        .default(false)
        .meta({ description: "Answer 500 while a component has an error that only people can mend.", examples: [true] }),
      include_recoverable_errors: z
        .boolean()
        .default(false)
        .meta({ description: "Answer 500 while a component has had an error that may pass for `recovery_duration`.", examples: [true] }),
      recovery_duration: durationField()
        .prefault("5m")
        .meta({ description: "How long an error that may pass counts as healthy.", examples: ["1m"] }),
    })
    .prefault({})
    .meta({
      description: "Which errors show in the status code; all are in the body.",
      examples: [{ include_recoverable_errors: true, recovery_duration: "1m" }],
    }),
  http: z
    .strictObject({
      endpoint: z
        .string()
        .default("localhost:13133")
        .refine(
          (endpoint) => parseListenAddress(endpoint, "tcp") !== undefined,
          "write host:port, such as localhost:13133 or 0.0.0.0:13133",
        )
        .meta({ description: "Where the report is served.", examples: ["0.0.0.0:13133"] }),
      status: z
        .strictObject({
          enabled: z
            .boolean()
            .default(true)
            .meta({ description: "Whether the report is served.", examples: [true] }),
          path: z
            .string()
            .startsWith("/", "a path begins with /")
            .default("/status")
            .meta({ description: "Path of the report.", examples: ["/health/status"] }),
        })
        .prefault({})
        .meta({ description: "The report.", examples: [{ path: "/health/status" }] }),
      config: z
        .strictObject({
          enabled: z
            .literal(false, { error: "the configuration is not served, because it holds secrets; remove it" })
            .default(false)
            .meta({ description: "Must be false: the configuration holds secrets, and is not served.", examples: [false] }),
          path: z
            .string()
            .startsWith("/", "a path begins with /")
            .default("/config")
            .meta({ description: "Accepted for the Collector's sake.", examples: ["/health/config"] }),
        })
        .prefault({})
        .meta({ description: "The configuration, which is not served here.", examples: [{ enabled: false }] }),
    })
    .meta({ description: "The report over HTTP.", examples: [{ endpoint: "localhost:13133" }] }),
  grpc: z
    .looseObject({})
    .optional()
    .refine(
      (grpc) => grpc === undefined,
      "there is no gRPC health service here; use http, or the grpc.health.v1 service of the otlp receiver",
    )
    .meta({
      description: "Not offered: the `otlp` receiver has the service `grpc.health.v1`.",
      examples: [{ endpoint: "localhost:13132" }],
    }),
});

/** Options of the report, with the Collector's names and defaults. */
export const healthCheckV2Config: typeof fields = fields;

/** Parsed configuration. */
export type HealthCheckV2Config = z.output<typeof fields>;
