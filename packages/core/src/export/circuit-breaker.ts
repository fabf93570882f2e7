import type { Random } from "../contract/clock.ts";
import type { CircuitBreakerConfig } from "../fields/exporter-fields.ts";

/** Closed: calls go through. Open: none do. Half-open: one call tries whether the far side is back. */
export type BreakerState = "closed" | "half_open" | "open";

/** Spread of the cool time, so that collectors that saw the same failure do not come back together. */
const JITTER = 0.2;

/**
 * A circuit breaker as a state machine without timers: the caller says what time it is. Every call that was let in by `enter`
 * reports its end with `leave`.
 */
export class CircuitBreaker {
  readonly #config: Pick<CircuitBreakerConfig, "failures" | "half_open_after">;
  readonly #random: Random;
  #state: BreakerState = "closed";
  #failures = 0;
  #opensAgainAt = 0;
  #isProbing = false;

  constructor(config: Pick<CircuitBreakerConfig, "failures" | "half_open_after">, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** How long calls have to wait from `now` on: 0 is not at all, Infinity is until the probe that is under way has ended. */
  waitMs(now: number): number {
    if (this.#state === "closed") return 0;
    if (this.#isProbing) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#opensAgainAt - now);
  }

  /** A call starts, which `waitMs` must have allowed. True when it is the probe; `leave` wants to know it. */
  enter(): boolean {
    if (this.#state === "closed") return false;
    this.#state = "half_open";
    this.#isProbing = true;
    return true;
  }

  /**
   * A call has ended: `alive` when the far side works, `down` when it does not (`retryAfterMs` is the least time to leave it
   * alone), `unknown` when nobody can tell. What calls report that began before the breaker opened does not keep it open.
   */
  leave(now: number, wasProbe: boolean, verdict: "alive" | "down" | "unknown", retryAfterMs = 0): void {
    if (wasProbe) this.#isProbing = false;
    if (verdict === "alive") {
      this.#state = "closed";
      this.#failures = 0;
      return;
    }
    if (this.#state === "closed" && verdict === "down") {
      this.#failures += 1;
      if (this.#failures >= this.#config.failures) this.#open(now, retryAfterMs);
    } else if (wasProbe && verdict === "down") this.#open(now, retryAfterMs);
    else if (wasProbe) this.#state = "open";
  }

  #open(now: number, retryAfterMs: number): void {
    this.#state = "open";
    this.#failures = 0;
    const coolMs = this.#config.half_open_after * (1 - JITTER + this.#random() * 2 * JITTER);
    this.#opensAgainAt = now + Math.max(coolMs, retryAfterMs);
  }
}
