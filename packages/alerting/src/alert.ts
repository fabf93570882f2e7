import type { AttributeValue } from "@tidemark/otlp";
import type { Severity } from "./severity.ts";

/** An alert starts as `firing` and ends once as `resolved`. */
export type AlertStatus = "firing" | "resolved";

/** How `value` is compared with `threshold`. */
export type AlertOperator = ">" | ">=" | "<" | "<=" | "==" | "!=";

/** One observation that speaks for or against an alert. Texts come from users: escape them before showing them. */
export interface EvidenceSample {
  readonly traceId: string;
  readonly spanId: string;
  readonly roomId: string;
  readonly userAgent: string;
  /** Other baggage that the configuration allows. */
  readonly baggage: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Whether the sample stands out; the others show what is usual. */
  readonly deviant: boolean;
}

/** What was known when the alert fired. It never changes afterwards, whatever later telemetry says. */
export interface Evidence {
  readonly traceId: string;
  readonly spanId: string;
  readonly roomId: string;
  readonly userAgent: string;
  readonly baggage: Readonly<Record<string, string>>;
  readonly samples: readonly EvidenceSample[];
}

/** An alert as components handle it. On the wire it is an OTLP log record; the README of this package is the convention. */
export interface Alert {
  readonly name: string;
  readonly status: AlertStatus;
  readonly severity: Severity;
  /** The severity in the words of the rule's author, `P0` or `严重`. */
  readonly severityText: string;
  /** Identity of the alert: `fingerprint(name, labels)`. */
  readonly fingerprint: string;
  /** One sentence for people. */
  readonly summary: string;
  /** Empty for a log record that is no alert. */
  readonly metric: string;
  readonly unit: string;
  readonly value: number | undefined;
  readonly threshold: number | undefined;
  readonly operator: AlertOperator;
  /** Nanoseconds since the Unix epoch. */
  readonly startsAt: bigint;
  /** Set when resolved. */
  readonly endsAt: bigint | undefined;
  /** What tells this alert from others of the same name. */
  readonly labels: Readonly<Record<string, string>>;
  /** What else there is to say, such as `reason_code`, `fix` and `error`; never part of the identity. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Attributes of the resource at fault, `service.name` first among them. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
  /** Id of the component that detected it; the record's scope name. */
  readonly source: string;
  readonly evidence: Evidence;
}

/** Evidence where nothing was found. */
export const NO_EVIDENCE: Evidence = Object.freeze({
  traceId: "",
  spanId: "",
  roomId: "",
  userAgent: "",
  baggage: Object.freeze({}),
  samples: Object.freeze([]),
});
