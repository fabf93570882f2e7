import { queueField, retryField, timeoutField } from "@tidemark/core";
import { z } from "zod";
import { headersField } from "../../transport/client-fields.ts";
import { clientTlsField } from "../../transport/tls/tls-fields.ts";

const shape = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).meta({
    description: "Where to post. May hold a secret: it is never logged beyond its host.",
    examples: ["https://alerts.example.com/hook"],
  }),
  headers: headersField,
  external_url: z
    .string()
    .default("")
    .meta({ description: "Value of `externalURL`: where people find this collector.", examples: ["https://tidemark.example.com"] }),
  trace_url: z
    .string()
    .optional()
    .meta({
      description: "Link to a trace, sent as `generatorURL`; `{trace_id}`, `{service}`, `{starts_at_ms}`… are filled in.",
      examples: ["https://jaeger.example.com/trace/{trace_id}"],
    }),
  max_alerts: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Most alerts in one request; more requests carry the rest. 0 means no limit.", examples: [100] }),
  tls: clientTlsField.prefault({}),
  timeout: timeoutField("10s"),
  retry_on_failure: retryField,
  sending_queue: queueField,
});

/** Options of `webhook`. */
export const webhookConfig: typeof shape = shape;

/** Parsed configuration; times in milliseconds. */
export type WebhookConfig = z.output<typeof webhookConfig>;
