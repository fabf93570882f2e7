import type { NodeHealth } from "./component.ts";

/** As people and orchestrators read it: all is well, it works badly, it does not work. */
export type HealthStatus = "UP" | "DEGRADED" | "DOWN";

/**
 * What is wrong with a node, for programs. `component_failed`: it does not work any more; `books_unbalanced`: items are missing from the
 * ledger; `no_progress`: it holds data and moves none; `sends_fail`: its destination does not answer, or not now; `data_rejected`: its
 * destination says no to the data; `circuit_breaker_open`: nothing is sent because of too many failures.
 */
export type TroubleCode = "component_failed" | "books_unbalanced" | "no_progress" | "sends_fail" | "data_rejected" | "circuit_breaker_open";

/** Trouble of a node, from its first moment on. How grave it is, `healthStatus` says. */
export interface Trouble {
  readonly code: TroubleCode;
  /** When it began, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** Since when the node holds data and moves none; absent while data moves or there is none. */
  readonly stalledSince?: number;
}

/** From when on trouble counts. */
export interface HealthPolicy {
  readonly degradedAfterMs: number;
  /** For nodes that hold data and move none. */
  readonly downAfterMs: number;
}

/** What counts where nothing is configured. */
export const STANDARD_POLICY: HealthPolicy = { degradedAfterMs: 10_000, downAfterMs: 60_000 };

/**
 * Judges one node at the moment `now`. Only data that is held makes a stall `DOWN`: a node without any cannot show that its destination
 * is back, and who takes the traffic away from it would wait for ever.
 */
export function healthStatus({ healthy, trouble }: NodeHealth, now: number, policy: HealthPolicy = STANDARD_POLICY): HealthStatus {
  if (trouble === undefined) return healthy ? "UP" : "DOWN";
  if (trouble.code === "component_failed" || trouble.code === "books_unbalanced") return "DOWN";
  if (trouble.stalledSince !== undefined && now - trouble.stalledSince >= policy.downAfterMs) return "DOWN";
  if (trouble.code === "circuit_breaker_open") return "DEGRADED";
  return now - trouble.since >= policy.degradedAfterMs ? "DEGRADED" : "UP";
}

/** The worst of several. */
export function worstStatus(statuses: readonly HealthStatus[]): HealthStatus {
  return statuses.includes("DOWN") ? "DOWN" : statuses.includes("DEGRADED") ? "DEGRADED" : "UP";
}
