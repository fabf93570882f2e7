const MOST_SAMPLES = 512;

/** The durations of the latest sends: those of the last `windowMs` milliseconds, at most 512 of them. */
export class LatencyWindow {
  readonly #windowMs: number;
  readonly #at = new Float64Array(MOST_SAMPLES);
  readonly #tookMs = new Float64Array(MOST_SAMPLES);
  #next = 0;
  #count = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(now: number, tookMs: number): void {
    this.#at[this.#next] = now;
    this.#tookMs[this.#next] = tookMs;
    this.#next = (this.#next + 1) % MOST_SAMPLES;
    this.#count = Math.min(MOST_SAMPLES, this.#count + 1);
  }

  clear(): void {
    this.#count = 0;
    this.#next = 0;
  }

  /** The nearest-rank quantile `q` of the window, with the number of sends in it; undefined for an empty one. */
  quantile(now: number, q: number): { readonly ms: number; readonly count: number } | undefined {
    const recent = this.#tookMs.slice(0, this.#count).filter((_, index) => now - this.#at[index]! <= this.#windowMs);
    if (recent.length === 0) return undefined;
    recent.sort();
    return { ms: recent[Math.max(0, Math.ceil(q * recent.length) - 1)]!, count: recent.length };
  }
}
