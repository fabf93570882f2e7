import type { SharedKey } from "@tidemark/core";
import { LruMap } from "./lru-map.ts";
import type { LruEntry } from "./lru-map.ts";

/** The allowed baggage of one trace, by key. */
export type TraceValues = Readonly<Record<string, string>>;

interface Entry extends LruEntry<number> {
  values: TraceValues;
  expiresAt: number;
}

/** Bounds of `TraceContexts`, and its clock; times in milliseconds. */
export interface TraceContextsOptions {
  readonly maxTraces: number;
  readonly ttlMs: number;
  readonly now: () => number;
}

const MAX_TRACES = 20_000;
const TTL_MS = 300_000;

/** Folds the low 56 bits of a trace id, as views give them without allocation, into a number that a map compares exactly. */
export function traceKey(high28: number, low28: number): number {
  return (high28 & 0xffffff) * 0x10000000 + low28;
}

/** `traceKey` of a trace id in hex; 0 when it is none. */
export function traceKeyOfHex(traceId: string): number {
  if (!/^[0-9a-f]{32}$/.test(traceId)) return 0;
  return Number.parseInt(traceId.slice(-13), 16);
}

/** Which room and which device a trace belongs to, learnt from its spans: bounded in number and in time. */
export class TraceContexts {
  readonly #options: TraceContextsOptions;
  readonly #entries = new LruMap<number, Entry>();

  constructor(options: TraceContextsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: number): TraceValues | undefined {
    const entry = this.#entries.peek(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > this.#options.now()) return entry.values;
    this.#entries.remove(entry);
    return undefined;
  }

  /** Adds what one span says. What is known already stays: the first span of a trace to name a room wins. */
  learn(key: number, values: TraceValues): void {
    const entry = this.#entries.touch(key);
    const expiresAt = this.#options.now() + this.#options.ttlMs;
    if (entry === undefined) {
      this.#entries.add({ key, newer: undefined, older: undefined, values: { ...values }, expiresAt });
      while (this.#entries.size > this.#options.maxTraces && this.#entries.oldest !== undefined) this.#entries.remove(this.#entries.oldest);
      return;
    }
    if (entry.expiresAt <= this.#options.now()) entry.values = { ...values };
    else if (Object.keys(values).some((name) => !Object.hasOwn(entry.values, name))) entry.values = { ...values, ...entry.values };
    entry.expiresAt = expiresAt;
  }
}

/** One per graph: `context_attach` of a traces pipeline writes it; logs pipelines and detectors read it. */
export const traceContextsKey: SharedKey<TraceContexts> = {
  name: "tidemark.trace_contexts",
  create: ({ clock }) => new TraceContexts({ maxTraces: MAX_TRACES, ttlMs: TTL_MS, now: () => clock.now() }),
};
