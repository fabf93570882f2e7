import { z } from "zod";
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
    .meta({ description: "The only path that is answered.", examples: ["/health/status"] }),
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
    .meta({ description: "Fixed texts in place of the JSON report.", examples: [{ healthy: "ok", unhealthy: "not ok" }] }),
});

/** Options of the health report, with the Collector's names and defaults. */
export const healthCheckConfig: typeof fields = fields;

/** Parsed configuration. */
export type HealthCheckConfig = z.output<typeof fields>;
