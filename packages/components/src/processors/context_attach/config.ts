import { z } from "zod";

const baggageField = z
  .strictObject({
    allow: z
      .array(z.string().min(1))
      .max(32)
      .default(["room_id", "user_agent"])
      .meta({
        description: "Keys that may be attached; everything else in baggage is ignored.",
        examples: [["room_id", "user_agent", "tenant_id"]],
      }),
    sources: z
      .record(z.string(), z.array(z.string()))
      .default({ user_agent: ["user_agent.original", "http.user_agent"] })
      .meta({
        description: "Other attributes of the same item that a missing key is read from, best first.",
        examples: [{ room_id: ["chat.room.id"] }],
      }),
    max_value_bytes: z
      .int()
      .min(8)
      .max(8192)
      .default(256)
      .meta({ description: "Longer values are cut, and end in `…`.", examples: [128] }),
    metric_labels: z
      .array(z.string())
      .default([])
      .meta({
        description:
          "Allowed keys that data points get too, from the request's baggage. Each value makes a new series: name only keys with few values.",
        examples: [["tenant_id"]],
      }),
  })
  .prefault({})
  .meta({ description: "What is attached, and from where.", examples: [{ allow: ["room_id", "user_agent"] }] });

const evidenceField = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Whether spans feed the evidence index that alerts draw on.", examples: [false] }),
    correlate: z
      .array(z.string())
      .max(8)
      .default([])
      .meta({
        description: "Span attributes, beside service.name, that spans and metrics share; they find the closest evidence.",
        examples: [["chat.type", "http.route"]],
      }),
    room_key: z
      .string()
      .default("room_id")
      .meta({ description: "Allowed key that names the room.", examples: ["chat.room.id"] }),
    user_agent_key: z
      .string()
      .default("user_agent")
      .meta({ description: "Allowed key that names the user agent.", examples: ["user_agent.original"] }),
  })
  .prefault({})
  .meta({ description: "The evidence that spans leave for alerts.", examples: [{ correlate: ["chat.type"] }] });

const fields = z.strictObject({ baggage: baggageField, evidence: evidenceField });

/** Parsed configuration. */
export type ContextAttachConfig = z.output<typeof fields>;

/** Options of `context_attach`. */
export const contextAttachConfig: typeof fields = fields.superRefine(({ baggage }, context) => {
  for (const [i, key] of baggage.metric_labels.entries()) {
    if (baggage.allow.includes(key)) continue;
    context.addIssue({ code: "custom", path: ["baggage", "metric_labels", i], message: `"${key}" is not in baggage.allow; add it there` });
  }
});
