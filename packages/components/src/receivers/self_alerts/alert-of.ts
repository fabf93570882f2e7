import { fingerprint, NO_EVIDENCE, nanosFromMs, type Alert, type Severity } from "@tidemark/alerting";
import type { Episode } from "./episodes.ts";
import { alertName } from "./finding.ts";

/** Who raises the alerts. */
export interface AlertSource {
  /** Id of the receiver. */
  readonly id: string;
  readonly service: string;
  /** Whether the collector has several workers. */
  readonly hasWorkers: boolean;
}

/** An episode as an alert of the convention. */
export function alertOf({ finding, status, endsAt }: Episode, severity: Severity, { id, service, hasWorkers }: AlertSource): Alert {
  const { rule, labels, since, reasonCode, summary, fix, error = "", value, threshold, unit = "", workers } = finding;
  const name = alertName(rule);
  const isResolved = status === "resolved";
  return {
    name,
    status: isResolved ? "resolved" : "firing",
    severity,
    severityText: severity,
    fingerprint: fingerprint(name, labels),
    summary: isResolved ? `Resolved: ${summary}` : summary,
    metric: "",
    unit,
    value,
    threshold,
    operator: ">",
    startsAt: nanosFromMs(since),
    endsAt: isResolved ? nanosFromMs(endsAt) : undefined,
    labels,
    annotations: { reason_code: reasonCode, fix, error, ...(hasWorkers ? { workers: workers.join(", ") } : {}) },
    resource: { "service.name": service },
    source: id,
    evidence: NO_EVIDENCE,
  };
}
