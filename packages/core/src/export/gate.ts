import type { Clock, Timer } from "../contract/clock.ts";
import type { BreakerState, CircuitBreaker } from "./circuit-breaker.ts";
import { RingBuffer } from "./ring-buffer.ts";

/** How a caller was let in: as the probe, as one of all, or not at all because sending has stopped. */
export type Pass = "probe" | "open" | "stopped";

/** The circuit breaker with its waiting room: who comes while it is open waits, and the one who waited longest probes. */
export class Gate {
  readonly #breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #changed: (state: BreakerState, before: BreakerState) => void;
  readonly #waiting: RingBuffer<(pass: Pass) => void> = new RingBuffer();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(breaker: CircuitBreaker, clock: Clock, changed: (state: BreakerState, before: BreakerState) => void) {
    this.#breaker = breaker;
    this.#clock = clock;
    this.#changed = changed;
  }

  get state(): BreakerState {
    return this.#breaker.state;
  }

  /** Lets a call in; a promise only when it has to wait. */
  pass(): Pass | Promise<Pass> {
    if (this.#breaker.state === "closed" && this.#waiting.length === 0) return "open";
    if (this.#isStopped) return "stopped";
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#admit();
    });
  }

  /** A call that was let in has ended. */
  leave(pass: Pass, verdict: "alive" | "down" | "unknown", retryAfterMs?: number): void {
    const before = this.#breaker.state;
    this.#breaker.leave(this.#clock.now(), pass === "probe", verdict, retryAfterMs);
    if (this.#breaker.state !== before) this.#changed(this.#breaker.state, before);
    this.#admit();
  }

  /** Sends everybody away who waits, or would have to. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next("stopped");
  }

  #admit(): void {
    while (this.#waiting.length > 0) {
      const waitMs = this.#breaker.waitMs(this.#clock.now());
      if (waitMs > 0) {
        if (Number.isFinite(waitMs)) this.#lookAgain(waitMs);
        return;
      }
      const next = this.#waiting.shift();
      next?.(this.#breaker.enter() ? "probe" : "open");
    }
  }

  #lookAgain(waitMs: number): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#admit();
    }, waitMs);
  }
}
