import type { SharedKey } from "@tidemark/core";
import type { Evidence, EvidenceSample } from "./alert.ts";
import { EvidenceBucket } from "./evidence-bucket.ts";
import { LruMap } from "./lru-map.ts";

/** Bounds of an `EvidenceIndex`, and its clock. */
export interface EvidenceIndexOptions {
  /** How long a sample is kept, in milliseconds. */
  readonly ttlMs: number;
  readonly maxSeries: number;
  /** Approximate heap budget of all samples. */
  readonly maxBytes: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** What evidence is asked for: a service and whatever else is known about the series that went wrong. */
export interface EvidenceQuery {
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The moment that matters, and how far back of it a cause may lie, in milliseconds. */
  readonly at: number;
  readonly windowMs: number;
}

/** Slices of time per time to live. Lookups are exact to one slice. */
const GENERATIONS = 20;
const SAMPLES_DEVIANT = 3;
const SAMPLES_TYPICAL = 2;

/** How many attributes both sides know and agree on; -1 when they contradict each other. */
function agreement(bucket: EvidenceBucket, attributes: Readonly<Record<string, string>>): number {
  let equal = 0;
  for (const [key, value] of Object.entries(bucket.attributes)) {
    if (!Object.hasOwn(attributes, key)) continue;
    if (attributes[key] !== value) return -1;
    equal++;
  }
  return equal;
}

interface Ranked {
  readonly sample: EvidenceSample;
  readonly deviation: number;
}

/** What one index has for a question; plain data, so that the indexes of several processes can answer together. */
export interface EvidenceFindings {
  /** How many attributes of the question the series agree on. */
  readonly agreed: number;
  readonly deviant: readonly Ranked[];
  readonly typical: readonly EvidenceSample[];
}

/** A sample that deviates less than this share of the leading one is not shown as deviant. */
const DEVIANT_SHARE = 0.25;

/** The samples that stand out most, then usual ones for comparison; no span twice. */
function choose(deviant: Ranked[], typical: readonly EvidenceSample[]): EvidenceSample[] {
  const chosen: EvidenceSample[] = [];
  const isNew = ({ traceId, spanId }: EvidenceSample): boolean =>
    !chosen.some((other) => other.spanId === spanId && other.traceId === traceId);
  deviant.sort((a, b) => b.deviation - a.deviation);
  const least = (deviant[0]?.deviation ?? 0) * DEVIANT_SHARE;
  for (const { sample, deviation } of deviant) {
    if (chosen.length === 0 || (chosen.length < SAMPLES_DEVIANT && deviation > 0 && deviation >= least && isNew(sample)))
      chosen.push(sample);
  }
  const limit = chosen.length + SAMPLES_TYPICAL;
  for (const sample of typical) if (chosen.length < limit && isNew(sample)) chosen.push(sample);
  return chosen;
}

/** Copies samples into evidence that nobody can change afterwards; the first one leads. */
export function freezeEvidence(samples: readonly EvidenceSample[]): Evidence | undefined {
  const copies = samples.map((sample) => Object.freeze({ ...sample, baggage: Object.freeze({ ...sample.baggage }) }));
  const lead = copies[0];
  if (lead === undefined) return undefined;
  const { traceId, spanId, roomId, userAgent, baggage } = lead;
  return Object.freeze({ traceId, spanId, roomId, userAgent, baggage, samples: Object.freeze(copies) });
}

/** The best of what several indexes found; undefined when that is nothing. */
export function evidenceOf(findings: readonly EvidenceFindings[]): Evidence | undefined {
  const best = Math.max(-1, ...findings.map(({ agreed }) => agreed));
  if (best < 0) return undefined;
  const fitting = findings.filter(({ agreed }) => agreed === best);
  const deviant = fitting.flatMap((found) => found.deviant);
  return freezeEvidence(
    choose(
      deviant,
      fitting.flatMap((found) => found.typical),
    ),
  );
}

/**
 * Remembers, for each service and combination of correlating attributes, which traces stood out lately, so that an alert
 * on a metric without exemplars still finds its trace. Bounded by time, number of series and bytes.
 */
export class EvidenceIndex {
  readonly #options: EvidenceIndexOptions;
  readonly #sliceMs: number;
  readonly #buckets = new LruMap<string, EvidenceBucket>();
  readonly #byService = new Map<string, Set<EvidenceBucket>>();
  #bytes = 0;

  constructor(options: EvidenceIndexOptions) {
    this.#options = options;
    this.#sliceMs = options.ttlMs / GENERATIONS;
  }

  get series(): number {
    return this.#buckets.size;
  }

  /** Approximate heap size of what is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The bucket of a series. `key` must be made of the same service and attributes every time; `attributes` is called only
   * for a new one. Use the bucket at once: the next call may evict it.
   */
  bucket(key: string, service: string, attributes: () => Readonly<Record<string, string>>): EvidenceBucket {
    const known = this.#buckets.touch(key);
    if (known !== undefined) return known;
    const bucket = new EvidenceBucket(key, service, attributes());
    this.#buckets.add(bucket);
    this.#bytes += bucket.bytes;
    const siblings = this.#byService.get(service);
    if (siblings === undefined) this.#byService.set(service, new Set([bucket]));
    else siblings.add(bucket);
    this.#shrink(bucket);
    return bucket;
  }

  /** Offers a value to a bucket. `failed` marks operations that ended in an error; `make` builds the sample if it is kept. */
  observe(bucket: EvidenceBucket, value: number, failed: boolean, make: (deviant: boolean) => EvidenceSample): void {
    const before = bucket.bytes;
    bucket.observe(value, failed, Math.floor(this.#options.now() / this.#sliceMs), GENERATIONS, make);
    this.#bytes += bucket.bytes - before;
    this.#shrink(bucket);
  }

  /** The evidence that fits best: of the series that agree on most attributes, the samples in the window that stand out most. */
  lookup(query: EvidenceQuery): Evidence | undefined {
    return evidenceOf([this.find(query)]);
  }

  /** Everything that `evidenceOf` chooses from. */
  find(query: EvidenceQuery): EvidenceFindings {
    const oldest = Math.max(query.at - query.windowMs, this.#options.now() - this.#options.ttlMs);
    const from = Math.floor(oldest / this.#sliceMs);
    // Metrics are stamped when collected, and spans arrive a little later: what comes after `at` may still belong to it.
    const to = Math.floor(this.#options.now() / this.#sliceMs);
    let best = -1;
    let deviant: Ranked[] = [];
    let typical: EvidenceSample[] = [];
    for (const bucket of this.#byService.get(query.service) ?? []) {
      const agreed = agreement(bucket, query.attributes);
      if (agreed < 0 || agreed < best) continue;
      const found = bucket.read(from, to);
      if (found.deviant.length === 0 && found.typical.length === 0) continue;
      if (agreed > best) {
        best = agreed;
        deviant = [];
        typical = [];
      }
      deviant.push(...found.deviant);
      typical.push(...found.typical);
    }
    return { agreed: best, deviant, typical };
  }

  #shrink(spare: EvidenceBucket): void {
    while (this.#buckets.size > this.#options.maxSeries || this.#bytes > this.#options.maxBytes) {
      const oldest = this.#buckets.oldest;
      if (oldest === undefined || oldest === spare) return;
      this.#buckets.remove(oldest);
      this.#bytes -= oldest.bytes;
      const siblings = this.#byService.get(oldest.service);
      siblings?.delete(oldest);
      if (siblings?.size === 0) this.#byService.delete(oldest.service);
    }
  }
}

/** One per graph: `context_attach` writes it, detectors read it. Keeps 5 minutes, 10,000 series, 16 MiB. */
export const evidenceIndexKey: SharedKey<EvidenceIndex> = {
  name: "tidemark.evidence_index",
  create: ({ clock }) => new EvidenceIndex({ ttlMs: 300_000, maxSeries: 10_000, maxBytes: 16 * 2 ** 20, now: () => clock.now() }),
};
