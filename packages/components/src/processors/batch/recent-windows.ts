/** How far back the memory goes. */
const WINDOWS = 16;

/** Remembers how many requests the last flushes collected. Their maximum is an estimate of how many clients wait at a time. */
export class RecentWindows {
  readonly #counts: number[] = [];
  #next = 0;
  #largest: number | undefined;

  /** The largest count of the last 16 flushes; `undefined` before the first. */
  get largest(): number | undefined {
    return this.#largest;
  }

  record(requests: number): void {
    this.#counts[this.#next] = requests;
    this.#next = (this.#next + 1) % WINDOWS;
    this.#largest = Math.max(...this.#counts);
  }
}
