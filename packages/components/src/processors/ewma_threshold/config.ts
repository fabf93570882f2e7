import { parseSeverity } from "@tidemark/alerting";
import { durationField } from "@tidemark/core";
import { z } from "zod";

const matchField = z
  .strictObject({
    metrics: z
      .array(z.string())
      .min(1)
      .default(["*"])
      .meta({ description: "Names of the metrics to watch; `*` and `?` are wildcards.", examples: [["chat.*"]] }),
    spans: z
      .array(z.string())
      .min(1)
      .default(["*"])
      .meta({ description: "Names of the spans whose duration to watch, in a traces pipeline.", examples: [["send message"]] }),
    attributes: z
      .record(z.string(), z.string())
      .default({})
      .meta({
        description: "Attributes that a data point or span must have, each with a pattern for its value.",
        examples: [{ "chat.type": "group" }],
      }),
    resource_attributes: z
      .record(z.string(), z.string())
      .default({})
      .meta({
        description: "Resource attributes that must be there, each with a pattern for its value.",
        examples: [{ "service.name": "chat-*" }],
      }),
  })
  .prefault({})
  .meta({
    description: "What is watched; everything that does not match passes unseen.",
    examples: [{ metrics: ["chat.delivery.latency"] }],
  });

const boostField = z
  .strictObject({
    alpha: z
      .number()
      .gt(0)
      .max(1)
      .default(0.4)
      .meta({ description: "Weight of the newest sample meanwhile.", examples: [0.4] }),
    samples: z
      .int()
      .min(0)
      .default(5)
      .meta({ description: "For how many samples after an alert is resolved; 0 switches it off.", examples: [5] }),
  })
  .prefault({})
  .meta({
    description: "Learn faster for a while after an alert, and when `max_freeze` is over.",
    examples: [{ alpha: 0.4, samples: 10 }],
  });

const evidenceField = z
  .strictObject({
    window: durationField()
      .prefault("2m")
      .meta({ description: "How far back of the alert a sample may lie that `context_attach` kept.", examples: ["1m"] }),
    room_key: z
      .string()
      .default("room_id")
      .meta({ description: "Attribute that names the room.", examples: ["chat.room.id"] }),
    user_agent_key: z
      .string()
      .default("user_agent")
      .meta({ description: "Attribute that names the user agent.", examples: ["user_agent.original"] }),
  })
  .prefault({})
  .meta({ description: "Where the evidence of an alert comes from.", examples: [{ window: "1m" }] });

const fields = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Name of the alert; the component's id when left out.", examples: ["delivery latency"] }),
  severity: z
    .string()
    .default("warning")
    .meta({ description: "Severity in any known word: warning, critical, P1, 严重 …", examples: ["critical"] }),
  match: matchField,
  alpha: z
    .number()
    .gt(0)
    .max(1)
    .default(0.2)
    .meta({
      description: "Weight of the newest sample in the baseline. 0.05 suits steady series, 0.3 lively ones.",
      examples: [0.05],
    }),
  half_life: durationField()
    .optional()
    .meta({
      description: "Weigh by time instead: what is this old counts half. Replaces `alpha`; for gauges that come at uneven intervals.",
      examples: ["45s"],
    }),
  multiplier: z
    .number()
    .gt(1)
    .optional()
    .meta({ description: "The threshold is the baseline times this (below: divided by it). 1.5 unless `sigma` is set.", examples: [2] }),
  sigma: z
    .number()
    .gt(0)
    .optional()
    .meta({
      description: "The threshold is this many standard deviations from the baseline. Not together with `multiplier`.",
      examples: [3],
    }),
  direction: z
    .enum(["above", "below", "both"])
    .default("above")
    .meta({ description: "Which side of the baseline is at fault.", examples: ["both"] }),
  quantile: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({
      description: "Watch this quantile of explicit-bucket histograms; the mean when left out, and for histograms of other kinds.",
      examples: [0.99],
    }),
  min_samples: z
    .int()
    .min(1)
    .default(16)
    .meta({ description: "Samples of a series before its first alert.", examples: [30] }),
  min_duration: durationField()
    .prefault("0s")
    .meta({ description: "Time that a series must have been seen before its first alert.", examples: ["5m"] }),
  min_value: z
    .number()
    .optional()
    .meta({
      description: "Floor of the threshold above; below, a baseline under it raises no alert. Keeps quiet series quiet.",
      examples: [50],
    }),
  min_deviation: z
    .number()
    .min(0)
    .default(0)
    .meta({ description: "Least distance between threshold and baseline, in the unit of the value.", examples: [10] }),
  hold: durationField()
    .prefault("0s")
    .meta({ description: "How long a series must stay beyond its threshold before the alert fires.", examples: ["30s"] }),
  keep_firing_for: durationField()
    .prefault("0s")
    .meta({ description: "How long a series must have come back before the alert is resolved.", examples: ["1m"] }),
  hysteresis: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .meta({
      description: "How far a value must come back to count as such: this share of the way from threshold to baseline.",
      examples: [0.25],
    }),
  freeze: z
    .boolean()
    .default(true)
    .meta({
      description: "Do not learn from values beyond the threshold, so that a lasting fault does not become the norm.",
      examples: [false],
    }),
  max_freeze: durationField()
    .prefault("30m")
    .meta({ description: "After this long beyond the threshold the new level is learnt after all; 0s never.", examples: ["1h"] }),
  boost: boostField,
  cool_down: durationField()
    .prefault("5m")
    .meta({ description: "Least time between two firing notifications of one alert.", examples: ["10m"] }),
  stale_after: durationField()
    .prefault("5m")
    .meta({
      description: "A firing series that is silent for this long is resolved; a series that returns after it warms up anew.",
      examples: ["10m"],
    }),
  max_series: z
    .int()
    .min(1)
    .default(10_000)
    .meta({ description: "Series remembered; beyond it the one that was silent longest is forgotten, and counted.", examples: [50_000] }),
  labels: z
    .array(z.string())
    .default(["service.name", "service.namespace", "service.instance.id", "deployment.environment.name"])
    .meta({
      description: "Resource attributes that become labels of the alert, beside the attributes of the data point.",
      examples: [["service.name"]],
    }),
  evidence: evidenceField,
});

/** Parsed configuration; times in milliseconds. */
export type EwmaThresholdConfig = z.output<typeof fields>;

/** Options of `ewma_threshold`. */
export const ewmaThresholdConfig: typeof fields = fields.superRefine((config, context) => {
  if (config.multiplier !== undefined && config.sigma !== undefined) {
    context.addIssue({ code: "custom", path: ["sigma"], message: "sigma and multiplier exclude each other; remove one" });
  }
  if (parseSeverity(config.severity) === undefined) {
    context.addIssue({
      code: "custom",
      path: ["severity"],
      message: `severity "${config.severity}" is not known; use info, low, warning, high, critical or emergency`,
    });
  }
  if (config.half_life === 0) context.addIssue({ code: "custom", path: ["half_life"], message: "half_life must be longer than 0s" });
});
