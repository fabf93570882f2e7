import type { CheckSettings } from "./check-options.ts";
import type { Outcome } from "./outcome.ts";

/** As people and orchestrators read it: all is well, it works badly, it does not work. */
export type HealthStatus = "UP" | "DEGRADED" | "DOWN";

/** One check; `UNKNOWN` before its first result. */
export type CheckStatus = HealthStatus | "UNKNOWN";

/** What is known of a check. */
export interface CheckState {
  /** Failures since the last success. */
  readonly consecutiveFailures: number;
  /** When the first of them was found, in milliseconds since the Unix epoch. */
  readonly failingSince?: number;
  /** Absent before the first result. */
  readonly latest?: Result;
}

/** An outcome with its time. */
export interface Result {
  readonly outcome: Outcome;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly durationMs: number;
}

/** Before the first result. */
export const UNCHECKED: CheckState = { consecutiveFailures: 0 };

/** A success forgets all failures. */
export function afterResult({ consecutiveFailures, failingSince }: CheckState, latest: Result): CheckState {
  if (latest.outcome.failure === undefined) return { consecutiveFailures: 0, latest };
  return { consecutiveFailures: consecutiveFailures + 1, failingSince: failingSince ?? latest.at, latest };
}

/** A check that has not run yet is no reason to turn traffic away. */
export function checkStatus(
  { consecutiveFailures, latest }: CheckState,
  settings: Pick<CheckSettings, "failureThreshold" | "critical">,
): CheckStatus {
  if (latest === undefined) return "UNKNOWN";
  if (consecutiveFailures < settings.failureThreshold) return "UP";
  return settings.critical ? "DOWN" : "DEGRADED";
}
