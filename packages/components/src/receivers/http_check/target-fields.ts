import { durationField } from "@tidemark/core";
import { z } from "zod";
import { bufferFields } from "../../transport/buffer-fields.ts";
import { clientAuthField, headersField } from "../../transport/client-fields.ts";
import { connectionFields, urlField } from "../../transport/http-client-fields.ts";
import { clientTlsField } from "../../transport/tls/tls-fields.ts";
import { validationField } from "./validation-fields.ts";

const EXPECTED = /^(?:[1-5]xx|[1-5][0-9]{2})$/;

const expectedField = z
  .array(
    z.union([z.int(), z.string()]).superRefine((status, context) => {
      if (EXPECTED.test(String(status))) return;
      context.addIssue({ code: "custom", message: `"${status}" is no HTTP status; write one such as 204, or a class such as 2xx` });
    }),
  )
  .min(1, "no status would be right; write for example [2xx]")
  .default(["2xx", "3xx"])
  .meta({
    description: "Statuses, and classes of them, that are right; every other one is a failure. Not in the Collector.",
    examples: [["2xx", 401]],
  });

const methodField = z
  .string()
  .regex(/^[A-Za-z][A-Za-z-]*$/, "is not a method; write for example GET or HEAD")
  .refine((method) => method.toUpperCase() !== "CONNECT", "CONNECT asks for a tunnel, which says nothing about a target; use GET")
  .default("GET")
  .meta({ description: "Method of the request.", examples: ["HEAD"] });

const shape = z.strictObject({
  endpoint: urlField()
    .optional()
    .meta({ description: "URL that is asked.", examples: ["https://pay.example.com/health"] }),
  endpoints: z
    .array(urlField())
    .default([])
    .meta({
      description: "Several URLs, each of which is a target of its own.",
      examples: [["https://a.example.com/health", "https://b.example.com/health"]],
    }),
  service: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: "`service` of `health.status`; absent: the host of the URL. Not in the Collector.",
      examples: ["payment-gateway"],
    }),
  method: methodField,
  headers: headersField,
  body: z
    .string()
    .default("")
    .meta({ description: "Body of the request.", examples: ['{"ping":true}'] }),
  auto_content_type: z
    .boolean()
    .default(false)
    .meta({
      description: "Tell the type of `body` from how it looks (JSON, a form, text) where `headers` has no `content-type`.",
      examples: [true],
    }),
  expected_status: expectedField,
  validations: z
    .array(validationField)
    .default([])
    .meta({ description: "What the body of the answer must be like.", examples: [[{ contains: "ok" }]] }),
  timeout: durationField()
    .optional()
    .meta({ description: "How long a check may take, in place of the receiver's `timeout`; 0s: 30s.", examples: ["2s"] }),
  failure_threshold: z
    .int()
    .min(1)
    .optional()
    .meta({ description: "In place of the receiver's `failure_threshold`. Not in the Collector.", examples: [5] }),
  tls: clientTlsField.prefault({}),
  auth: clientAuthField,
  ...connectionFields,
  ...bufferFields,
});

/** One item of `targets`: the Collector's confighttp.ClientConfig and what is asked. */
export const targetField: typeof shape = shape
  .superRefine(({ endpoint, endpoints }, context) => {
    if (endpoint !== undefined || endpoints.length > 0) return;
    const message = "at least one of endpoint and endpoints must be specified; write endpoint: https://host/path";
    context.addIssue({ code: "custom", path: ["endpoint"], message });
  })
  .meta({
    notHere: {
      compression: "take it out: request bodies are sent as they are",
      compression_params: "take it out: request bodies are sent as they are",
      cookies: "take it out: cookies are not kept, so that every check is like the first one",
      middlewares: "take it out: checks have no middlewares",
    },
  });

/** Checked `targets` item; times in milliseconds. */
export type TargetConfig = z.output<typeof shape>;
