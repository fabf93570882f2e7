import { LruMap } from "./lru-map.ts";
import type { LruEntry } from "./lru-map.ts";

/** Bounds of a `Deduplicator`. */
export interface DeduplicatorOptions {
  /** Least time between two firing notifications of one fingerprint, in milliseconds. */
  readonly coolDownMs: number;
  /** Fingerprints remembered; beyond it the least recently used is forgotten, quiet ones first. */
  readonly maxEntries: number;
}

interface Entry extends LruEntry<string> {
  /** Causes (series) that are at fault now. */
  causes: number;
  /** Whether the present episode was told to anybody; only then is its end worth telling. */
  told: boolean;
  /** When a firing notification last went out. */
  toldAt: number;
}

function add(map: LruMap<string, Entry>, key: string, causes: number, told: boolean, toldAt: number): Entry {
  const entry: Entry = { key, newer: undefined, older: undefined, causes, told, toldAt };
  map.add(entry);
  return entry;
}

/**
 * Decides which changes of an alert are told. Several series may share a fingerprint: the alert fires with the first and
 * is resolved with the last. `begin` and `end` come in pairs for each cause; `again` may be called as often as one likes.
 */
export class Deduplicator {
  #options: DeduplicatorOptions;
  readonly #firing = new LruMap<string, Entry>();
  readonly #quiet = new LruMap<string, Entry>();
  /** Firing fingerprints that were forgotten for want of room: their end will not be told. */
  forgotten = 0;

  constructor(options: DeduplicatorOptions) {
    this.#options = options;
  }

  /** Applies new options to kept state, after a reload. */
  configure(options: DeduplicatorOptions): void {
    this.#options = options;
    this.#shrink();
  }

  get size(): number {
    return this.#firing.size + this.#quiet.size;
  }

  /** A cause came up at `now` (ms). True when a firing notification is due. */
  begin(fingerprint: string, now: number): boolean {
    const firing = this.#firing.touch(fingerprint);
    if (firing !== undefined) {
      firing.causes++;
      return this.#due(firing, now);
    }
    const quiet = this.#quiet.peek(fingerprint);
    if (quiet !== undefined) this.#quiet.remove(quiet);
    const entry = add(this.#firing, fingerprint, 1, false, quiet?.toldAt ?? Number.NEGATIVE_INFINITY);
    const due = this.#due(entry, now);
    this.#shrink();
    return due;
  }

  /** A cause persists at `now` (ms). True when the firing notification is due again, or for the first time after a cool-down. */
  again(fingerprint: string, now: number): boolean {
    const entry = this.#firing.touch(fingerprint);
    return entry !== undefined && this.#due(entry, now);
  }

  /** A cause is gone. True when it was the last one and somebody had been told: exactly one resolved notification is due. */
  end(fingerprint: string): boolean {
    const entry = this.#firing.peek(fingerprint);
    if (entry === undefined) return false;
    entry.causes--;
    if (entry.causes > 0) return false;
    this.#firing.remove(entry);
    add(this.#quiet, fingerprint, 0, false, entry.toldAt);
    this.#shrink();
    return entry.told;
  }

  #due(entry: Entry, now: number): boolean {
    if (now - entry.toldAt < this.#options.coolDownMs) return false;
    entry.told = true;
    entry.toldAt = now;
    return true;
  }

  #shrink(): void {
    while (this.size > this.#options.maxEntries) {
      const quiet = this.#quiet.oldest;
      if (quiet !== undefined) {
        this.#quiet.remove(quiet);
        continue;
      }
      const firing = this.#firing.oldest;
      if (firing === undefined) return;
      this.#firing.remove(firing);
      this.forgotten++;
    }
  }
}
