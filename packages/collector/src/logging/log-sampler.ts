import type { Clock } from "@tidemark/core";

/** Equal lines that are remembered in one window; more different ones than that are written unsampled. */
const MOST_KEYS = 4096;

/** Thins out equal lines as the Collector's logger does: in each window the first few, then every n-th. */
export class LogSampler {
  readonly #tickMs: number;
  readonly #initial: number;
  readonly #thereafter: number;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #windowEnd = 0;

  constructor(settings: { readonly tick: number; readonly initial: number; readonly thereafter: number }, clock: Clock) {
    this.#tickMs = settings.tick;
    this.#initial = settings.initial;
    this.#thereafter = settings.thereafter;
    this.#clock = clock;
  }

  /** Counts the line and says whether to write it. */
  allows(key: string): boolean {
    const now = this.#clock.now();
    if (now >= this.#windowEnd) {
      this.#counts.clear();
      this.#windowEnd = now + this.#tickMs;
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (count > 1 || this.#counts.size < MOST_KEYS) this.#counts.set(key, count);
    if (count <= this.#initial) return true;
    return this.#thereafter > 0 && (count - this.#initial) % this.#thereafter === 0;
  }
}
