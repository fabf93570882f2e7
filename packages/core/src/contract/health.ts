/** As people and orchestrators read it: all is well, it works badly, it does not work. */
export type HealthStatus = "UP" | "DEGRADED" | "DOWN";

/**
 * What is wrong with a node, for programs. `component_failed`: it does not work any more; `books_unbalanced`: items are missing from the
 * ledger; `no_progress`: it holds data and moves none; `sends_fail`: its destination does not answer, or not now; `data_rejected`: its
 * destination says no to the data; `circuit_breaker_open`: nothing is sent because of too many failures; the rest is what components
 * say of themselves.
 */
export type TroubleCode =
  | "component_failed"
  | "books_unbalanced"
  | "no_progress"
  | "sends_fail"
  | "data_rejected"
  | "circuit_breaker_open"
  | OwnTroubleCode;

/**
 * What a component can say of itself. `storage_full`: it has no room for more; `storage_unavailable`: its disk or its database cannot be
 * used; `records_damaged`: records cannot be read any more;
 * `dead_letters_present`: dead letters wait for somebody to look at them, which is work for people but no harm to the component;
 * `memory_limited`: data is refused for want of memory.
 */
export type OwnTroubleCode = "storage_full" | "storage_unavailable" | "records_damaged" | "dead_letters_present" | "memory_limited";

/** How full a sending queue is. */
export interface QueueFill {
  /** In units of its sizer, batches on their way included. */
  readonly used: number;
  readonly capacity: number;
  /** Of the tightest of its limits, from 0 to 1; a batch larger than the whole queue makes it more. */
  readonly share: number;
}

/** Trouble of a node, from its first moment on. How grave it is, `healthStatus` says. */
export interface Trouble {
  readonly code: TroubleCode;
  /** When it began, in milliseconds since the Unix epoch. */
  readonly since: number;
  /** Since when the node holds data and moves none; absent while data moves or there is none. */
  readonly stalledSince?: number;
}

/** One line of the health report. */
export interface NodeHealth {
  readonly node: string;
  /** By the standard times; `healthStatus` judges with others. */
  readonly healthy: boolean;
  /** What is wrong with it, in words. */
  readonly reason?: string;
  /** The same for programs. Also a node that is still healthy may have it. */
  readonly trouble?: Trouble;
  /** Of an exporter with a sending queue. */
  readonly queue?: QueueFill;
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
  if (trouble.code === "dead_letters_present") return "UP";
  if (trouble.code === "component_failed" || trouble.code === "books_unbalanced") return "DOWN";
  if (trouble.stalledSince !== undefined && now - trouble.stalledSince >= policy.downAfterMs) return "DOWN";
  if (trouble.code === "circuit_breaker_open") return "DEGRADED";
  return now - trouble.since >= policy.degradedAfterMs ? "DEGRADED" : "UP";
}

/** The worst of several. */
export function worstStatus(statuses: readonly HealthStatus[]): HealthStatus {
  return statuses.includes("DOWN") ? "DOWN" : statuses.includes("DEGRADED") ? "DEGRADED" : "UP";
}
