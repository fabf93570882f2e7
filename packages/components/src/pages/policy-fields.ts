import { durationField, type HealthPolicy } from "@tidemark/core";
import type { z } from "zod";

type DurationField = z.ZodPrefault<ReturnType<typeof durationField>>;

/** `degraded_after` and `down_after`: from when on a node that makes no progress counts. */
export const policyFields: { readonly degraded_after: DurationField; readonly down_after: DurationField } = {
  degraded_after: durationField()
    .prefault("10s")
    .meta({
      description: "A node that holds data and moves none, or whose sends all fail, is DEGRADED after this time.",
      examples: ["30s"],
    }),
  down_after: durationField()
    .prefault("60s")
    .meta({ description: "A node that holds data and moves none is DOWN after this time.", examples: ["5m"] }),
};

/** The policy that the fields ask for. */
export function policyOf(config: { readonly degraded_after: number; readonly down_after: number }): HealthPolicy {
  return { degradedAfterMs: config.degraded_after, downAfterMs: config.down_after };
}
