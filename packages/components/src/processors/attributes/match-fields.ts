import { noEffectField } from "@tidemark/core";
import { z } from "zod";
import { valueField } from "../../attribute-actions/action-fields.ts";
import { goRegExpFault } from "../../regexp/go-regexp.ts";

const texts = (description: string, example: string) =>
  z
    .array(z.string())
    .default([])
    .meta({ description, examples: [[example]] });

const attributes = (description: string, example: string) =>
  z
    .array(
      z.strictObject({
        key: z
          .string()
          .min(1)
          .meta({ description: "Its key.", examples: [example] }),
        value: valueField.optional().meta({ description: "Its value; absent: any.", examples: ["chat"] }),
      }),
    )
    .default([])
    .meta({ description, examples: [[{ key: example, value: "chat" }]] });

const fields = z.strictObject({
  match_type: z
    .enum(["strict", "regexp"])
    .meta({ description: "Whether the texts below are compared, or are regular expressions, which match anywhere.", examples: ["strict"] }),
  regexp: noEffectField(
    z.strictObject({
      cacheenabled: z
        .boolean()
        .default(false)
        .meta({ description: "No effect.", examples: [true] }),
      cachemaxnumentries: z
        .int()
        .min(0)
        .default(0)
        .meta({ description: "No effect.", examples: [1000] }),
    }),
    "regular expressions need no cache.",
    { cacheenabled: true },
  ),
  services: texts("Values of the resource attribute service.name.", "chat"),
  resources: attributes("Attributes of the resource; all must be there.", "deployment.environment.name"),
  libraries: z
    .array(
      z.strictObject({
        name: z.string().meta({ description: "Its name.", examples: ["http"] }),
        version: z
          .string()
          .optional()
          .meta({ description: "Its version; absent: any.", examples: ["1.2.0"] }),
      }),
    )
    .default([])
    .meta({ description: "Instrumentation scopes.", examples: [[{ name: "http" }]] }),
  attributes: attributes("Attributes of the item; all must be there. Not for metrics.", "room_id"),
  span_names: texts("Spans: names.", "login.*"),
  span_kinds: texts("Spans: kinds.", "SPAN_KIND_SERVER"),
  log_bodies: texts("Logs: bodies that are texts.", "^health"),
  log_severity_texts: texts("Logs: severity texts.", "DEBUG"),
  log_severity_number: z
    .strictObject({
      min: z
        .int()
        .min(0)
        .max(24)
        .default(0)
        .meta({ description: "Lowest severity number.", examples: [9] }),
      match_undefined: z
        .boolean()
        .default(false)
        .meta({ description: "Whether a record without severity matches.", examples: [true] }),
    })
    .optional()
    .meta({ description: "Logs: severity.", examples: [{ min: 9 }] }),
  metric_names: texts("Metrics: names.", "http.server.*"),
});

/** Which items to take. All criteria that are given must fit; of the texts of one criterion, one. */
export type MatchConfig = z.output<typeof fields>;

/** Criteria that hold texts. */
const TEXTS = ["services", "span_names", "span_kinds", "log_bodies", "log_severity_texts", "metric_names"] as const;

/** `include` and `exclude`, with the Collector's names. */
export const matchField = fields.superRefine((config, context) => {
  if (config.match_type !== "regexp") return;
  const texts = [
    ...TEXTS.flatMap((field) => config[field].map((text, index) => ({ text, path: [field, index] as PropertyKey[] }))),
    ...config.libraries.flatMap(({ name, version }, index) => [
      { text: name, path: ["libraries", index, "name"] as PropertyKey[] },
      { text: version ?? "", path: ["libraries", index, "version"] as PropertyKey[] },
    ]),
    ...(["attributes", "resources"] as const).flatMap((field) =>
      config[field].map(({ value }, index) => ({ text: value ?? "", path: [field, index, "value"] as PropertyKey[] })),
    ),
  ];
  for (const { text, path } of texts) {
    if (typeof text !== "string") {
      context.addIssue({ code: "custom", path, message: "with match_type regexp a value is a regular expression; put it in quotes" });
      continue;
    }
    const fault = goRegExpFault(text);
    if (fault !== undefined) context.addIssue({ code: "custom", path, message: fault });
  }
});
