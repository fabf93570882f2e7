/** Share that is left after a sign of overload. */
const DECREASE = 0.5;
/** Sends are slow when they take this many times as long as they did at best. */
const SLOW_FACTOR = 3;
/** Below this many milliseconds nothing is slow: so short waits come from this machine, not from the far side. */
const SLOW_FLOOR_MS = 250;
/** Sends that make a round: their mean is compared with that of earlier rounds. */
const ROUND = 20;
/** A round this much faster than the one before the decrease shows that the decrease helped. */
const HELPED = 0.8;

/**
 * How many batches may be on their way at the same time: additive increase, multiplicative decrease (as TCP, RFC 5681) between
 * 1 and `most`. Throttling and time-outs are signs of overload, and so are sends that take much longer than they did at best. When
 * fewer sends at a time do not make them faster, the far side is not slow because of us: then its pace is the new measure.
 */
export class ConcurrencyLimit {
  readonly #most: number;
  #limit: number;
  #decreasedAt = Number.NEGATIVE_INFINITY;
  #bestMs = Number.POSITIVE_INFINITY;
  #sumMs = 0;
  #count = 0;
  /** Mean of the round that led to a decrease for slowness; undefined after any other. */
  #slowBeforeMs: number | undefined;

  constructor(most: number) {
    this.#most = most;
    this.#limit = most;
  }

  /** A whole number from 1 to `most`. */
  get value(): number {
    return Math.floor(this.#limit);
  }

  /** A send that began at `startedAt` was taken, or refused for a reason that has nothing to do with load. */
  succeeded(startedAt: number, now: number): void {
    const tookMs = now - startedAt;
    // It is not clear yet whether fewer at a time help.
    const isTrying = this.#slowBeforeMs !== undefined;
    if (this.#limit < this.#most && !isTrying && tookMs <= this.#slowMs) this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit);
    if (startedAt <= this.#decreasedAt) return;
    this.#sumMs += tookMs;
    this.#count += 1;
    if (this.#count >= ROUND) this.#endRound(now);
  }

  /** A send that began at `startedAt` was throttled or timed out. Of the sends that were under way together only one counts. */
  overloaded(startedAt: number, now: number): void {
    if (startedAt <= this.#decreasedAt) return;
    this.#slowBeforeMs = undefined;
    this.#decrease(now);
  }

  get #slowMs(): number {
    return Math.max(SLOW_FLOOR_MS, this.#bestMs * SLOW_FACTOR);
  }

  #endRound(now: number): void {
    const meanMs = this.#sumMs / this.#count;
    this.#sumMs = 0;
    this.#count = 0;
    const before = this.#slowBeforeMs;
    this.#slowBeforeMs = undefined;
    if (before !== undefined && meanMs > before * HELPED) {
      this.#bestMs = meanMs;
      return;
    }
    if (meanMs > this.#slowMs) {
      this.#slowBeforeMs = meanMs;
      this.#decrease(now);
    } else this.#bestMs = Math.min(this.#bestMs, meanMs);
  }

  #decrease(now: number): void {
    this.#limit = Math.max(1, this.#limit * DECREASE);
    this.#decreasedAt = now;
    this.#sumMs = 0;
    this.#count = 0;
  }
}
