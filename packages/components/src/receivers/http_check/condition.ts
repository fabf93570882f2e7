import type { ReasonCode } from "./failure.ts";

/** What is remembered of a target. Plain data, because another worker may have to take it over. */
export interface Condition {
  /** Failed checks in a row. */
  failures: number;
  /** Why it is DEGRADED; absent while it is UP. */
  degraded?: ReasonCode;
  /** For which reasons it has ever been DEGRADED. */
  readonly told: ReasonCode[];
}

/** One point of `health.status`. */
export interface HealthPoint {
  readonly value: 0 | 1;
  readonly reason: ReasonCode | undefined;
}

export function newCondition(): Condition {
  return { failures: 0, told: [] };
}

/** Takes one check into account: `reason` is why it failed. */
export function follow(condition: Condition, reason: ReasonCode | undefined, threshold: number): void {
  if (reason === undefined) {
    condition.failures = 0;
    delete condition.degraded;
    return;
  }
  condition.failures += 1;
  if (condition.degraded === undefined && condition.failures < threshold) return;
  condition.degraded = reason;
  if (!condition.told.includes(reason)) condition.told.push(reason);
}

/**
 * The points that tell the condition. Each reason is a series of its own, so those that have been told before and are over are told to
 * be 0: nobody who kept their last value takes the target for DEGRADED.
 */
export function healthPoints({ degraded, told }: Condition): readonly HealthPoint[] {
  const byReason = told.map((reason): HealthPoint => ({ value: reason === degraded ? 1 : 0, reason }));
  return degraded === undefined ? [{ value: 0, reason: undefined }, ...byReason] : byReason;
}
