import type { CheckResult } from "./outcome.ts";
import type { Threshold } from "./threshold.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What every check has. */
export interface CheckTiming {
  /** Unique among the checks of a service; it names the check in the report and in the metric. */
  readonly name: string;
  /** Milliseconds from the start of one run to the start of the next. */
  readonly intervalMs?: number;
  /** Milliseconds after which a run counts as failed and its signal is aborted. */
  readonly timeoutMs?: number;
  /** So many failures one after the other make the check unhealthy. */
  readonly failureThreshold?: number;
  /** `true`: the service is `DOWN` instead of `DEGRADED` while this check is unhealthy. Default `false`. */
  readonly critical?: boolean;
}

/** A check that says itself whether all is well. Defaults: every 30 s, time-out 2 s, unhealthy from the third failure on. */
export interface CheckOptions extends CheckTiming {
  /**
   * Returns, or resolves with, nothing or a `CheckResult`; what it throws is the reason of its failure. Hand `signal` to whatever it
   * waits for: it is aborted at the time-out, at shutdown, and when the check is taken away.
   */
  readonly run: (signal: AbortSignal) => CheckResult | undefined | void | Promise<CheckResult | undefined | void>;
}

/** A check of a number. Defaults: every 15 s, time-out 500 ms, unhealthy from the first bad value on. */
export interface SampledCheckOptions extends CheckTiming {
  /** When the number is bad. There is no default. */
  readonly threshold: Threshold;
  /**
   * The number of this moment. `undefined` means that there is nothing to judge, such as the hit rate of a cache that nobody has asked,
   * and counts as a success: otherwise a service that gets no traffic because of it would never get any again.
   */
  readonly sample: (signal: AbortSignal) => number | undefined | Promise<number | undefined>;
}

/** How a check is run, with all defaults in. */
export type CheckSettings = Required<CheckTiming>;

const CHECK_DEFAULTS = { intervalMs: 30_000, timeoutMs: 2000, failureThreshold: 3, critical: false };
const SAMPLED_DEFAULTS = { intervalMs: 15_000, timeoutMs: 500, failureThreshold: 1, critical: false };

/** @throws TypeError with what does not fit. */
export function checkSettings(options: CheckOptions): CheckSettings {
  return settings(options, CHECK_DEFAULTS, "run");
}

/** @throws TypeError with what does not fit. */
export function sampledCheckSettings(options: SampledCheckOptions): CheckSettings {
  return settings(options, SAMPLED_DEFAULTS, "sample");
}

function settings(options: CheckTiming, defaults: Omit<CheckSettings, "name">, call: string): CheckSettings {
  const { name, critical = defaults.critical } = options;
  if (typeof name !== "string" || name === "") throw new TypeError("a health check has no name; give name, such as payment_gateway");
  const number = (key: "intervalMs" | "timeoutMs" | "failureThreshold", most: number): number => {
    const value = options[key] ?? defaults[key];
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new TypeError(`health check "${name}": ${key} is ${String(value)}; give a whole number from 1 to ${most}`);
  };
  if (typeof (options as unknown as Record<string, unknown>)[call] !== "function")
    throw new TypeError(`health check "${name}" has no function ${call}; give one that makes the check`);
  return {
    name,
    critical,
    intervalMs: number("intervalMs", LONGEST_TIMER_MS),
    timeoutMs: number("timeoutMs", LONGEST_TIMER_MS),
    failureThreshold: number("failureThreshold", Number.MAX_SAFE_INTEGER),
  };
}
