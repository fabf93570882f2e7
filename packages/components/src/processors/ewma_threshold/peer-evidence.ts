import { traceKeyOfHex } from "@tidemark/alerting";
import type { EvidenceFindings, EvidenceSample, TraceValues } from "@tidemark/alerting";
import type { EvidenceRequest, EvidenceSources, Subject } from "./evidence-request.ts";

/** What a worker whose series fires asks the workers that own the traces. Plain data. */
export interface PeerQuestion extends Pick<Subject, "service" | "attributes" | "now"> {
  readonly coversMs?: number | undefined;
  /** Traces whose room and user agent it does not know. */
  readonly traceIds: readonly string[];
}

/** What they answer. */
export interface PeerAnswer {
  /** Found in the time that the sample covers, and in the whole window. */
  readonly covered?: EvidenceFindings;
  readonly window: EvidenceFindings;
  /** What they know of the traces in question, and of those of their findings. */
  readonly traces: Readonly<Record<string, TraceValues>>;
}

/** More than an alert shows. */
const MAX_SAMPLES = 10;

/** The question that stands behind a request. */
export function peerQuestion({ subject, own }: EvidenceRequest, sources: EvidenceSources): PeerQuestion {
  const { service, attributes, now, coversMs } = subject;
  const local = sources.index.find({ service, attributes, at: now, windowMs: sources.windowMs });
  const traceIds = [...own, ...samplesOf(trimmed(local))].map(({ traceId }) => traceId).filter((id) => !isKnown(id, sources));
  return { service, attributes, now, coversMs, traceIds: [...new Set(traceIds)] };
}

/** Answers from this worker's index and traces. */
export function answerPeer({ service, attributes, now, coversMs, traceIds }: PeerQuestion, sources: EvidenceSources): PeerAnswer {
  const find = (windowMs: number): EvidenceFindings => trimmed(sources.index.find({ service, attributes, at: now, windowMs }));
  const window = find(sources.windowMs);
  const traces: Record<string, TraceValues> = {};
  for (const traceId of [...traceIds, ...samplesOf(window).map((sample) => sample.traceId)]) {
    const values = sources.traces.get(traceKeyOfHex(traceId));
    if (values !== undefined) traces[traceId] = values;
  }
  return { window, traces, ...(coversMs === undefined ? {} : { covered: find(coversMs) }) };
}

function isKnown(traceId: string, { traces }: EvidenceSources): boolean {
  return traces.get(traceKeyOfHex(traceId)) !== undefined;
}

function trimmed({ agreed, deviant, typical }: EvidenceFindings): EvidenceFindings {
  return {
    agreed,
    deviant: deviant.toSorted((a, b) => b.deviation - a.deviation).slice(0, MAX_SAMPLES),
    typical: typical.slice(0, MAX_SAMPLES),
  };
}

function samplesOf({ deviant, typical }: EvidenceFindings): readonly EvidenceSample[] {
  return [...deviant.map(({ sample }) => sample), ...typical];
}
