import type { EvidenceSample } from "./alert.ts";
import type { LruEntry } from "./lru-map.ts";

const DEVIANT_SLOTS = 3;
const TYPICAL_SLOTS = 1;
/** What is usual follows each value by a fiftieth of its distance, and by a hundredth of itself at most: a fault moves it slowly, however large it is. */
const USUAL_ALPHA = 0.02;
const MAX_RESIDUAL = 0.5;
/** Rough heap size of a sample without its texts. */
const SAMPLE_BYTES = 200;

interface Kept {
  readonly sample: EvidenceSample;
  readonly deviation: number;
  readonly bytes: number;
}

interface Generation {
  readonly number: number;
  readonly deviant: Kept[];
  readonly typical: Kept[];
}

function sizeOf(sample: EvidenceSample): number {
  let bytes = SAMPLE_BYTES + 2 * (sample.traceId.length + sample.spanId.length + sample.roomId.length + sample.userAgent.length);
  for (const [key, value] of Object.entries(sample.baggage)) bytes += 2 * (key.length + value.length);
  return bytes;
}

function generationBytes(generation: Generation): number {
  let bytes = 0;
  for (const kept of generation.deviant) bytes += kept.bytes;
  for (const kept of generation.typical) bytes += kept.bytes;
  return bytes;
}

/** Where in `slots` a sample goes; -1 when all there are better. `better` compares deviations. */
function slotFor(slots: readonly Kept[], limit: number, deviation: number, better: (a: number, b: number) => boolean): number {
  if (slots.length < limit) return slots.length;
  let worst = 0;
  for (let i = 1; i < slots.length; i++) {
    if (better(slots[worst]?.deviation ?? 0, slots[i]?.deviation ?? 0)) worst = i;
  }
  return better(deviation, slots[worst]?.deviation ?? 0) ? worst : -1;
}

const larger = (a: number, b: number): boolean => a > b;
const smaller = (a: number, b: number): boolean => a < b;

/** Samples of one series in slices of time: of each slice the few that stand out most and the most usual one. */
export class EvidenceBucket implements LruEntry<string> {
  key: string;
  newer: this | undefined = undefined;
  older: this | undefined = undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly service: string;
  bytes = SAMPLE_BYTES;
  #usual = Number.NaN;
  #generations: Generation[] = [];

  constructor(key: string, service: string, attributes: Readonly<Record<string, string>>) {
    this.key = key;
    this.service = service;
    this.attributes = attributes;
  }

  /** Takes a value; `make` is called only if the sample is worth keeping. */
  observe(value: number, failed: boolean, generation: number, keep: number, make: (deviant: boolean) => EvidenceSample): void {
    const usual = Number.isNaN(this.#usual) ? value : this.#usual;
    const residual = value - usual;
    const most = MAX_RESIDUAL * Math.abs(usual);
    this.#usual = usual + USUAL_ALPHA * (most === 0 ? residual : Math.min(Math.max(residual, -most), most));
    // Slow is what stands out; a failed operation stands out at least as much as one that takes twice the usual time.
    const deviation = failed ? Math.max(residual, Math.abs(usual)) : residual;
    const slice = this.#slice(generation, keep);
    const deviant = slotFor(slice.deviant, DEVIANT_SLOTS, deviation, larger);
    if (deviant >= 0) this.#put(slice.deviant, deviant, deviation, make(true));
    const typical = failed ? -1 : slotFor(slice.typical, TYPICAL_SLOTS, Math.abs(residual), smaller);
    if (typical >= 0) this.#put(slice.typical, typical, Math.abs(residual), make(false));
  }

  /** Samples of the slices `from` to `to`, the most deviant first, then the usual ones. */
  read(from: number, to: number): { deviant: { sample: EvidenceSample; deviation: number }[]; typical: EvidenceSample[] } {
    const slices = this.#generations.filter(({ number }) => number >= from && number <= to);
    const deviant = slices.flatMap((slice) => slice.deviant).sort((a, b) => b.deviation - a.deviation);
    const typical = slices.flatMap((slice) => slice.typical).sort((a, b) => a.deviation - b.deviation);
    return { deviant, typical: typical.map(({ sample }) => sample) };
  }

  #put(slots: Kept[], at: number, deviation: number, sample: EvidenceSample): void {
    const bytes = sizeOf(sample);
    this.bytes += bytes - (slots[at]?.bytes ?? 0);
    slots[at] = { sample, deviation, bytes };
  }

  #slice(number: number, keep: number): Generation {
    const last = this.#generations.at(-1);
    if (last !== undefined && last.number >= number) return last;
    const slice: Generation = { number, deviant: [], typical: [] };
    this.#generations.push(slice);
    while ((this.#generations[0]?.number ?? number) <= number - keep) {
      const gone = this.#generations.shift();
      if (gone !== undefined) this.bytes -= generationBytes(gone);
    }
    return slice;
  }
}
