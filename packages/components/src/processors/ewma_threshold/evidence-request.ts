import type { EvidenceIndex, EvidenceSample, TraceContexts } from "@tidemark/alerting";

/** Where evidence comes from, and which attributes name the room and the user agent. */
export interface EvidenceSources {
  readonly index: EvidenceIndex;
  readonly traces: TraceContexts;
  readonly windowMs: number;
  readonly roomKey: string;
  readonly userAgentKey: string;
}

/** What is known about the series at fault. */
export interface Subject {
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** When the sample was taken, and our own time: what is indexed is filed under the latter, so skewed clocks do no harm. */
  readonly at: number;
  readonly now: number;
  /** Time that the sample covers, where that is known: the cause lies in it. Milliseconds. */
  readonly coversMs: number | undefined;
  /** 1 when the value is too high, −1 when too low. */
  readonly side: 1 | -1;
}

/** A sample that came with the item itself, before its trace was asked. */
export type OwnSample = Pick<EvidenceSample, "traceId" | "spanId" | "roomId" | "userAgent" | "value" | "at">;

/** All that evidence is made of, apart from the index. It outlives the item's view. */
export interface EvidenceRequest {
  readonly subject: Subject;
  /** The most extreme first. */
  readonly own: readonly OwnSample[];
}
