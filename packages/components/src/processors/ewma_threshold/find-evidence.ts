import { attributeText, freezeEvidence, NO_EVIDENCE, traceKeyOfHex } from "@tidemark/alerting";
import type { Evidence, EvidenceIndex, EvidenceSample, TraceContexts, TraceValues } from "@tidemark/alerting";
import type { AttributeValue, DataPointView, SpanView } from "@tidemark/otlp";

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

const MAX_EXEMPLARS = 3;
const NANOS_PER_MS = 1e6;

type Lookup = (key: string) => AttributeValue | undefined;

/** Room and user agent from the item's own attributes, else from what the other spans of its trace said. */
function describe(
  own: Lookup,
  known: TraceValues | undefined,
  sources: EvidenceSources,
): Pick<EvidenceSample, "roomId" | "userAgent" | "baggage"> {
  const pick = (key: string): string => attributeText(own(key)) || (known?.[key] ?? "");
  const baggage: Record<string, string> = {};
  for (const [key, value] of Object.entries(known ?? {})) {
    if (key !== sources.roomKey && key !== sources.userAgentKey) baggage[key] = value;
  }
  return { roomId: pick(sources.roomKey), userAgent: pick(sources.userAgentKey), baggage };
}

function exemplarSamples(point: DataPointView, side: 1 | -1, sources: EvidenceSources): EvidenceSample[] {
  const samples: EvidenceSample[] = [];
  for (const { traceId, spanId, value, timeUnixNano, filteredAttributes } of point.exemplars()) {
    if (traceId === "" || value === undefined) continue;
    const described = describe((key) => filteredAttributes[key], sources.traces.get(traceKeyOfHex(traceId)), sources);
    samples.push({ traceId, spanId, ...described, value, at: Number(timeUnixNano) / NANOS_PER_MS, deviant: true });
  }
  return samples.sort((a, b) => side * (b.value - a.value)).slice(0, MAX_EXEMPLARS);
}

function withTypical(samples: readonly EvidenceSample[], known: Evidence | undefined): readonly EvidenceSample[] {
  return [
    ...samples,
    ...(known?.samples.filter(({ deviant, traceId }) => !deviant && samples.every((sample) => sample.traceId !== traceId)) ?? []),
  ];
}

/** What the index has: of the time that the sample covers, else of the whole window. Rooms that were not known yet when a sample was kept are filled in from its trace. */
function lookup({ service, attributes, now, coversMs }: Subject, sources: EvidenceSources): Evidence | undefined {
  const within = (windowMs: number): Evidence | undefined => sources.index.lookup({ service, attributes, at: now, windowMs });
  const covered = coversMs !== undefined && coversMs < sources.windowMs ? within(coversMs) : undefined;
  const found = covered ?? within(sources.windowMs);
  if (found === undefined) return undefined;
  return freezeEvidence(
    found.samples.map((sample) => {
      if (sample.roomId !== "" && sample.userAgent !== "") return sample;
      const known = sources.traces.get(traceKeyOfHex(sample.traceId));
      return {
        ...sample,
        roomId: sample.roomId || (known?.[sources.roomKey] ?? ""),
        userAgent: sample.userAgent || (known?.[sources.userAgentKey] ?? ""),
      };
    }),
  );
}

/** Evidence for a data point: its own exemplars, the most extreme first; else what `context_attach` kept for its service. */
export function pointEvidence(point: DataPointView, subject: Subject, sources: EvidenceSources): Evidence {
  const known = lookup(subject, sources);
  const samples = exemplarSamples(point, subject.side, sources);
  return (samples.length > 0 ? freezeEvidence(withTypical(samples, known)) : known) ?? NO_EVIDENCE;
}

/** Evidence for a span: the span itself. */
export function spanEvidence(span: SpanView, subject: Subject, sources: EvidenceSources): Evidence {
  const { traceId, spanId, attributes, durationMs } = span;
  const described = describe((key) => attributes.get(key), sources.traces.get(traceKeyOfHex(traceId)), sources);
  const sample: EvidenceSample = { traceId, spanId, ...described, value: durationMs, at: subject.at, deviant: true };
  const known = lookup(subject, sources);
  return freezeEvidence(withTypical([sample], known)) ?? NO_EVIDENCE;
}
