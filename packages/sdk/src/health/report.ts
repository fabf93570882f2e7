import type { Check } from "./check.ts";
import type { CheckStatus, HealthStatus } from "./check-state.ts";
import type { Threshold } from "./threshold.ts";

/** The health of a service, in the shape that `health_check` of a Tidemark collector has at `/health`. Safe to write as JSON. */
export interface HealthReport {
  readonly service: string;
  /** The worst of all checks. */
  readonly status: HealthStatus;
  /** Of the first check that has this status. Absent while all is well. */
  readonly reason_code?: string;
  readonly details: {
    /** Since the health was created. */
    readonly uptime_seconds: number;
    /** By name. */
    readonly checks: Readonly<Record<string, CheckReport>>;
    /** What the checks have returned as `details`. */
    readonly [detail: string]: unknown;
  };
}

/** One check in the report. */
export interface CheckReport {
  readonly status: CheckStatus;
  /** Of the latest failure; there are none of these four after a success. */
  readonly reason_code?: string;
  readonly reason?: string;
  /** ISO time of the first failure since the last success. */
  readonly since?: string;
  readonly consecutive_failures?: number;
  /** ISO time of the latest result. */
  readonly checked_at?: string;
  readonly duration_ms?: number;
  /** Of a sampled check. */
  readonly value?: number;
  readonly threshold?: Threshold;
}

/** What the report is made from. */
export interface ReportSource {
  readonly service: string;
  /** In the order in which they were registered. */
  readonly checks: readonly Check[];
  readonly isShutDown: boolean;
  readonly uptimeMs: number;
}

/** The state of the whole: the worst of the checks, and `DOWN` from shutdown on. */
export function overallStatus({ checks, isShutDown }: ReportSource): HealthStatus {
  const has = (status: CheckStatus): boolean => checks.some((check) => check.status === status);
  return isShutDown || has("DOWN") ? "DOWN" : has("DEGRADED") ? "DEGRADED" : "UP";
}

/** Everything there is to say. */
export function healthReport(source: ReportSource): HealthReport {
  const { service, checks, isShutDown, uptimeMs } = source;
  const status = overallStatus(source);
  const worst = status === "UP" ? undefined : checks.find((check) => check.status === status);
  const code = isShutDown ? "shutting_down" : worst?.state.latest?.outcome.failure?.code;
  return {
    service,
    status,
    ...(code === undefined ? {} : { reason_code: code }),
    details: {
      ...Object.fromEntries(checks.flatMap(({ state }) => Object.entries(state.latest?.outcome.details ?? {}))),
      uptime_seconds: Math.max(0, Math.round(uptimeMs / 1000)),
      checks: Object.fromEntries(checks.map((check) => [check.settings.name, checkReport(check)])),
    },
  };
}

function checkReport({ state, status, threshold }: Check): CheckReport {
  const { latest, failingSince, consecutiveFailures } = state;
  const failure = latest?.outcome.failure;
  return {
    status,
    ...(failure === undefined ? {} : { reason_code: failure.code, reason: failure.reason }),
    ...(failingSince === undefined ? {} : { since: isoTime(failingSince), consecutive_failures: consecutiveFailures }),
    ...(latest === undefined ? {} : { checked_at: isoTime(latest.at), duration_ms: Math.round(latest.durationMs * 10) / 10 }),
    ...(latest?.outcome.value === undefined ? {} : { value: latest.outcome.value }),
    ...(threshold === undefined ? {} : { threshold }),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
