import { z } from "zod";
import { policyFields } from "../../pages/policy-fields.ts";
import { parseListenAddress } from "../../transport/listen.ts";

const fields = z.strictObject({
  endpoint: z
    .string()
    .default("localhost:13133")
    .refine((endpoint) => parseListenAddress(endpoint, "tcp") !== undefined, "write host:port, such as localhost:13133 or 0.0.0.0:13133")
    .meta({ description: "Where the health report is served over HTTP.", examples: ["0.0.0.0:13133"] }),
  path: z
    .string()
    .startsWith("/", "a path begins with /")
    .default("/")
    .meta({ description: "Where the Collector's report is, beside /healthz.", examples: ["/health/status"] }),
  response_body: z
    .strictObject({
      healthy: z
        .string()
        .default("")
        .meta({ description: "Sent with 200; empty sends the JSON report.", examples: ["I'm good"] }),
      unhealthy: z
        .string()
        .default("")
        .meta({ description: "Sent with 503; empty sends the JSON report.", examples: ["I'm bad!"] }),
    })
    .optional()
    .meta({ description: "Fixed texts in place of the Collector's report.", examples: [{ healthy: "ok", unhealthy: "not ok" }] }),
  service: z
    .string()
    .min(1)
    .default("tidemark")
    .meta({
      description: "Name of this collector in /health and in the metric health.status. Not in the Collector.",
      examples: ["gateway"],
    }),
  degraded_status: z
    .int()
    .min(200)
    .max(599)
    .default(200)
    .meta({ description: "HTTP status of /health while the collector is DEGRADED. Not in the Collector.", examples: [503] }),
  ...policyFields,
});

/** Options of the health report, with the Collector's names and defaults. */
export const healthCheckConfig: typeof fields = fields;

/** Parsed configuration. */
export type HealthCheckConfig = z.output<typeof fields>;
