import { z } from "zod";
import { durationField, formatDuration } from "./duration.ts";

const circuitBreakerField = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: "Whether sending stops while the far side is down.", examples: [false] }),
    failures: z
      .int()
      .min(1)
      .default(3)
      .meta({
        description: "Failures one after another that open the breaker. Only failures that a later try may mend count.",
        examples: [5],
      }),
    half_open_after: durationField()
      .prefault("5s")
      .meta({
        description:
          "How long nothing is sent once the breaker is open, ±20 %. Then one batch tries: it closes the breaker, or opens it again. A longer Retry-After counts.",
        examples: ["30s"],
      }),
  })
  .prefault({})
  .meta({
    description: "Stops calling a far side that is down; batches wait meanwhile. Waiting for it does not count as elapsed time.",
    examples: [{ failures: 5, half_open_after: "30s" }],
  });

const fields = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: "Whether refused batches are sent again.", examples: [true] }),
  initial_interval: durationField()
    .prefault("5s")
    .meta({ description: "Wait before the first retry.", examples: ["1s"] }),
  randomization_factor: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta({ description: "Jitter: each wait is multiplied by 1 ± this.", examples: [0.5] }),
  multiplier: z
    .number()
    .min(1)
    .default(1.5)
    .meta({ description: "Growth of the wait from try to try.", examples: [1.5] }),
  max_interval: durationField()
    .prefault("30s")
    .meta({ description: "Longest wait between two tries.", examples: ["30s"] }),
  max_elapsed_time: durationField()
    .prefault("5m")
    .meta({ description: "When to give up; 0s never gives up.", examples: ["0s"] }),
  max_retries: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: "Most tries after the first one; 0 is no limit. Not in the Collector.", examples: [5] }),
  circuit_breaker: circuitBreakerField,
});

/** `retry_on_failure`, with the Collector's names, defaults and messages (exporterhelper), and our own limits beside them. */
export const retryField = fields
  .superRefine((config, context) => {
    const { enabled, max_elapsed_time: elapsed } = config;
    if (!enabled || elapsed === 0) return;
    for (const name of ["initial_interval", "max_interval"] as const) {
      if (elapsed >= config[name]) continue;
      context.addIssue({
        code: "custom",
        path: ["max_elapsed_time"],
        message: `'max_elapsed_time' must not be less than '${name}'; write at least ${formatDuration(config[name])}, or 0s to never give up`,
      });
    }
  })
  .prefault({})
  .meta({ description: "What to do when the far side cannot take a batch now.", examples: [{ initial_interval: "1s" }] });

/** Parsed value of `retryField`; times in milliseconds. */
export type RetryConfig = z.output<typeof fields>;
/** Parsed value of `circuit_breaker`. */
export type CircuitBreakerConfig = RetryConfig["circuit_breaker"];
