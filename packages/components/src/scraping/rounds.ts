import type { Clock, Timer } from "@tidemark/core";

/** Begins a round each interval, counted from the first one, so that what a round takes does not add up. */
export class Rounds {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #begin: () => void;
  #nextAt = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number, begin: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#begin = begin;
  }

  start(initialDelayMs: number): void {
    this.#nextAt = this.#clock.now() + initialDelayMs;
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      // Rounds that a process missed, because it was stopped or the machine slept, are not made up for.
      const missed = Math.max(0, Math.floor((this.#clock.now() - this.#nextAt) / this.#intervalMs));
      this.#nextAt += (missed + 1) * this.#intervalMs;
      this.#schedule();
      this.#begin();
    }, this.#nextAt - this.#clock.now());
  }
}
