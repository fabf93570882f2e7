import { healthStatus, type NodeHealth, type TroubleCode } from "@tidemark/core";

/** The component statuses of the Collector that occur here. */
export type Status = "StatusStarting" | "StatusOK" | "StatusRecoverableError" | "StatusPermanentError" | "StatusStopping";

/** The status of a component, or of several together. */
export interface StatusEvent {
  readonly status: Status;
  readonly error?: string;
  /** Since when, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Which errors show in the status code (`component_health`). */
export interface Inclusion {
  readonly include_permanent_errors: boolean;
  readonly include_recoverable_errors: boolean;
  readonly recovery_duration: number;
}

/** A later try, or more room, may mend them. */
const RECOVERABLE: ReadonlySet<TroubleCode> = new Set([
  "no_progress",
  "sends_fail",
  "circuit_breaker_open",
  "storage_full",
  "storage_unavailable",
  "memory_limited",
]);

/** The status of a node. An error that a later try may mend is recoverable; what a component or its data are themselves at fault for is not. */
export function eventOf(health: NodeHealth, now: number, startedAt: number): StatusEvent {
  const { healthy, reason, trouble } = health;
  const code = trouble?.code ?? (healthy ? undefined : "component_failed");
  // To hold data for a moment is no error yet.
  if (code === undefined || code === "dead_letters_present" || (code === "no_progress" && healthStatus(health, now) === "UP"))
    return { status: "StatusOK", at: startedAt };
  return {
    status: RECOVERABLE.has(code) ? "StatusRecoverableError" : "StatusPermanentError",
    error: reason ?? "unhealthy",
    at: trouble?.since ?? startedAt,
  };
}

/** The event that says most about all of them: permanent errors first, unless only recoverable ones are asked for; of equals, the oldest. */
export function worstEvent(events: readonly StatusEvent[], inclusion: Inclusion, startedAt: number): StatusEvent {
  const swapped = inclusion.include_recoverable_errors && !inclusion.include_permanent_errors;
  const order: readonly Status[] = swapped
    ? ["StatusRecoverableError", "StatusPermanentError"]
    : ["StatusPermanentError", "StatusRecoverableError"];
  for (const status of order) {
    const [oldest] = events.filter((event) => event.status === status).toSorted((a, b) => a.at - b.at);
    if (oldest !== undefined) return oldest;
  }
  return { status: "StatusOK", at: startedAt };
}

/** The HTTP status of an event, by the Collector's table. */
export function httpStatus({ status, at }: StatusEvent, now: number, inclusion: Inclusion): 200 | 500 | 503 {
  switch (status) {
    case "StatusStarting":
    case "StatusStopping":
      return 503;
    case "StatusRecoverableError":
      return inclusion.include_recoverable_errors && now - at >= inclusion.recovery_duration ? 500 : 200;
    case "StatusPermanentError":
      return inclusion.include_permanent_errors ? 500 : 200;
    default:
      return 200;
  }
}
