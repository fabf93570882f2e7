import type { ProbabilisticSamplerConfig } from "./config.ts";
import { hashThreshold } from "./hash-randomness.ts";
import { isLess, isSampled, MIN_PROBABILITY, NEVER, probabilityOf, thresholdOf, type Bits56 } from "./threshold.ts";

/** Why an item could not be decided on; the names are ledger reasons. */
export type SamplerProblem =
  | "inconsistent_arriving_threshold"
  | "missing_randomness"
  | "randomness_in_use"
  | "threshold_in_use"
  | "invalid_tracestate";

/** The Collector's wording, for the log. */
export const PROBLEM_TEXT: Readonly<Record<SamplerProblem, string>> = {
  inconsistent_arriving_threshold: "inconsistent arriving threshold: item should not have been sampled",
  missing_randomness: "missing randomness",
  randomness_in_use: "item has sampling randomness, equalizing or proportional mode recommended",
  threshold_in_use: "item has sampling threshold, equalizing or proportional mode recommended",
  invalid_tracestate: "sampling information cannot be read",
};

/** What one item brings along. */
export interface Evidence {
  readonly randomness: Bits56 | undefined;
  readonly arriving: Bits56 | undefined;
  readonly problem: SamplerProblem | undefined;
}

/** The threshold that a configuration asks for, given the one that arrived. */
export type Policy = (arriving: Bits56 | undefined) => Bits56;

/** Bound of the memory of products in proportional mode; a fleet uses a handful of distinct thresholds. */
const MAX_PRODUCTS = 1024;

/** Makes the policy of a configuration; it is asked once per item, so it allocates nothing in the common cases. */
export function createPolicy(config: ProbabilisticSamplerConfig): Policy {
  // The Collector's field is a 32-bit float: every tier must round alike.
  const percentage = Math.fround(Math.min(config.sampling_percentage, 100));
  if (percentage === 0) return () => NEVER;
  if (config.mode === "hash_seed") {
    const threshold = hashThreshold(percentage) ?? NEVER;
    return () => threshold;
  }
  const ratio = Math.max(percentage / 100, MIN_PROBABILITY);
  const threshold = thresholdOf(ratio, config.sampling_precision) ?? NEVER;
  return config.mode === "equalizing" ? () => threshold : proportional(ratio, config.sampling_precision, threshold);
}

function proportional(ratio: number, precision: number, unsampled: Bits56): Policy {
  const products = new Map<number, Map<number, Bits56>>();
  let size = 0;
  return (arriving) => {
    if (arriving === undefined) return unsampled;
    const known = products.get(arriving.high)?.get(arriving.low);
    if (known !== undefined) return known;
    if (size >= MAX_PRODUCTS) {
      products.clear();
      size = 0;
    }
    // A product under 2^-56 cannot be expressed: such items are valid, and are not sampled.
    const threshold = thresholdOf(probabilityOf(arriving) * ratio, precision) ?? NEVER;
    const row = products.get(arriving.high) ?? new Map<number, Bits56>();
    row.set(arriving.low, threshold);
    products.set(arriving.high, row);
    size += 1;
    return threshold;
  };
}

/** Checks what arrived against itself: an item whose own threshold would have dropped it carries a false statement. */
export function problemOf(evidence: Evidence): SamplerProblem | undefined {
  if (evidence.problem !== undefined) return evidence.problem;
  if (evidence.randomness === undefined) return "missing_randomness";
  if (evidence.arriving !== undefined && !isSampled(evidence.randomness, evidence.arriving)) return "inconsistent_arriving_threshold";
  return undefined;
}

/** The threshold to write: probability may fall and never rise, so a larger arriving threshold stays. */
export function outgoingThreshold(arriving: Bits56 | undefined, decided: Bits56): Bits56 {
  return arriving !== undefined && isLess(decided, arriving) ? arriving : decided;
}
