import { attributeText, evidenceOf, freezeEvidence, NO_EVIDENCE, traceKeyOfHex } from "@tidemark/alerting";
import type { Evidence, EvidenceIndex, EvidenceSample, TraceValues } from "@tidemark/alerting";
import type { DataPointView, SpanView } from "@tidemark/otlp";
import type { EvidenceRequest, EvidenceSources, OwnSample, Subject } from "./evidence-request.ts";
import type { PeerAnswer } from "./peer-evidence.ts";

const MAX_EXEMPLARS = 3;
const NANOS_PER_MS = 1e6;

/** What the alert of a data point asks for: its own exemplars, the most extreme first; else what `context_attach` kept for its service. */
export function pointRequest(point: DataPointView, subject: Subject, sources: EvidenceSources): EvidenceRequest {
  const own: OwnSample[] = [];
  for (const { traceId, spanId, value, timeUnixNano, filteredAttributes } of point.exemplars()) {
    if (traceId === "" || value === undefined) continue;
    const roomId = attributeText(filteredAttributes[sources.roomKey]);
    const userAgent = attributeText(filteredAttributes[sources.userAgentKey]);
    own.push({ traceId, spanId, roomId, userAgent, value, at: Number(timeUnixNano) / NANOS_PER_MS });
  }
  own.sort((a, b) => subject.side * (b.value - a.value));
  return { subject, own: own.slice(0, MAX_EXEMPLARS) };
}

/** What the alert of a span asks for: the span itself. */
export function spanRequest(span: SpanView, subject: Subject, sources: EvidenceSources): EvidenceRequest {
  const { traceId, spanId, attributes, durationMs } = span;
  const roomId = attributeText(attributes.get(sources.roomKey));
  const userAgent = attributeText(attributes.get(sources.userAgentKey));
  return { subject, own: [{ traceId, spanId, roomId, userAgent, value: durationMs, at: subject.at }] };
}

/** The evidence from this worker, and from what the others answered. */
export function gatherEvidence({ subject, own }: EvidenceRequest, sources: EvidenceSources, answers: readonly PeerAnswer[] = []): Evidence {
  const trace = (traceId: string): TraceValues | undefined =>
    sources.traces.get(traceKeyOfHex(traceId)) ?? answers.find(({ traces }) => Object.hasOwn(traces, traceId))?.traces[traceId];
  const known = indexed(subject, sources, answers);
  const usual = known === undefined ? [] : known.samples.map((sample) => completed(sample, trace(sample.traceId), sources));
  if (own.length === 0) return freezeEvidence(usual) ?? NO_EVIDENCE;
  const samples = own.map((sample): EvidenceSample => ({ ...described(sample, trace(sample.traceId), sources), deviant: true }));
  const typical = usual.filter(({ deviant, traceId }) => !deviant && samples.every((sample) => sample.traceId !== traceId));
  return freezeEvidence([...samples, ...typical]) ?? NO_EVIDENCE;
}

/** What the indexes have: of the time that the sample covers, else of the whole window. */
function indexed(subject: Subject, { index, windowMs }: EvidenceSources, answers: readonly PeerAnswer[]): Evidence | undefined {
  const { service, attributes, now, coversMs } = subject;
  const find = (within: number): ReturnType<EvidenceIndex["find"]> => index.find({ service, attributes, at: now, windowMs: within });
  const covered =
    coversMs !== undefined && coversMs < windowMs
      ? evidenceOf([find(coversMs), ...answers.flatMap((answer) => answer.covered ?? [])])
      : undefined;
  return covered ?? evidenceOf([find(windowMs), ...answers.map((answer) => answer.window)]);
}

/** Rooms that were not known yet when a sample was kept are filled in from its trace. */
function completed(sample: EvidenceSample, known: TraceValues | undefined, { roomKey, userAgentKey }: EvidenceSources): EvidenceSample {
  return { ...sample, roomId: sample.roomId || (known?.[roomKey] ?? ""), userAgent: sample.userAgent || (known?.[userAgentKey] ?? "") };
}

/** Room and user agent from the sample itself, else from what the other spans of its trace said. */
function described(
  sample: OwnSample,
  known: TraceValues | undefined,
  { roomKey, userAgentKey }: EvidenceSources,
): Omit<EvidenceSample, "deviant"> {
  const baggage: Record<string, string> = {};
  for (const [key, value] of Object.entries(known ?? {})) if (key !== roomKey && key !== userAgentKey) baggage[key] = value;
  return {
    ...sample,
    roomId: sample.roomId || (known?.[roomKey] ?? ""),
    userAgent: sample.userAgent || (known?.[userAgentKey] ?? ""),
    baggage,
  };
}
