import type { ProbabilisticSamplerConfig } from "./config.ts";
import { createPolicy, outgoingThreshold, problemOf, type Evidence, type Policy, type SamplerProblem } from "./policy.ts";
import { ALWAYS, EVERY_PROBABILITY, isLess, isSampled, NEVER, type Bits56 } from "./threshold.ts";

/** What an attribute of the item itself asks for, before any probability. */
export type Priority = "defer" | "keep" | "drop";

/** Reused for every item of a batch: the reader of one signal fills it, `decide` adds the outcome. */
export interface Decision {
  evidence: { randomness: Bits56 | undefined; arriving: Bits56 | undefined; problem: SamplerProblem | undefined };
  /** Where the randomness came from, the `policy` label of the counter. */
  source: string;
  priority: Priority;
  /** Logs: the threshold that the record asks for, if it is a lower one. */
  requested: Bits56 | undefined;
  sampled: boolean;
  problem: SamplerProblem | undefined;
  /** The threshold to write when the item is kept; `undefined` leaves the item as it is. */
  outgoing: Bits56 | undefined;
}

/** A decision about nothing yet. */
export function newDecision(): Decision {
  return {
    evidence: { randomness: undefined, arriving: undefined, problem: undefined },
    source: "missing_randomness",
    priority: "defer",
    requested: undefined,
    sampled: false,
    problem: undefined,
    outgoing: undefined,
  };
}

/** Forgets the previous item. */
export function clearDecision(decision: Decision): void {
  decision.evidence.randomness = undefined;
  decision.evidence.arriving = undefined;
  decision.evidence.problem = undefined;
  decision.source = "missing_randomness";
  decision.priority = "defer";
  decision.requested = undefined;
}

/** Decides on items one after the other. */
export function createDecider(config: ProbabilisticSamplerConfig): (decision: Decision) => void {
  const policy: Policy = createPolicy(config);
  const undecidable = config.fail_closed ? NEVER : ALWAYS;
  // At 0 % nothing needs to be known about an item.
  const keepsNone = policy(undefined) === NEVER;
  return (decision) => {
    const { evidence } = decision;
    const problem = keepsNone ? undefined : problemOf(evidence);
    let threshold = problem === undefined ? policy(evidence.arriving) : undecidable;
    if (decision.requested !== undefined && isLess(decision.requested, threshold)) threshold = decision.requested;
    if (decision.priority === "keep") threshold = ALWAYS;
    else if (decision.priority === "drop") threshold = NEVER;
    decision.problem = problem;
    decision.sampled = isSampled(evidence.randomness ?? EVERY_PROBABILITY, threshold);
    decision.outgoing = decision.sampled ? statement(evidence, problem, threshold) : undefined;
  };
}

/** Only a decision that compared randomness with a threshold may state a probability. */
function statement(evidence: Evidence, problem: SamplerProblem | undefined, threshold: Bits56): Bits56 | undefined {
  if (problem === "inconsistent_arriving_threshold") return threshold;
  if (problem !== undefined) return undefined;
  return outgoingThreshold(evidence.arriving, threshold);
}
