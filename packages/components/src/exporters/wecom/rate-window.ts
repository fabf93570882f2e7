/**
 * At most `limit` events in any window of time. WeCom does not say whether its minute is fixed or sliding: a bucket that
 * refills lets through twice its size within one window, a sliding window is right in both cases.
 */
export class RateWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #taken: number[] = [];
  #blockedUntil = Number.NEGATIVE_INFINITY;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Milliseconds until the next event is allowed; 0 when it is now. */
  delay(now: number): number {
    while (this.#taken.length > 0 && (this.#taken[0] ?? 0) + this.#windowMs <= now) this.#taken.shift();
    const free = this.#taken.length < this.#limit ? now : (this.#taken[0] ?? now) + this.#windowMs;
    return Math.max(0, Math.max(free, this.#blockedUntil) - now);
  }

  take(now: number): void {
    this.#taken.push(now);
  }

  /** Allows nothing until a whole window has passed: the other side counts differently. */
  block(now: number): void {
    this.#blockedUntil = now + this.#windowMs;
  }
}
