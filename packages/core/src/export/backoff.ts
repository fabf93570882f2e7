import type { Random } from "../contract/clock.ts";
import type { RetryConfig } from "../fields/exporter-fields.ts";

/** Exponential back-off with jitter, as the Collector's configretry (and Google's client libraries) do it. */
export class Backoff {
  readonly #config: RetryConfig;
  readonly #random: Random;
  #interval: number;

  constructor(config: RetryConfig, random: Random) {
    this.#config = config;
    this.#random = random;
    this.#interval = config.initial_interval;
  }

  /** The next wait in milliseconds, at least `atLeastMs`. */
  next(atLeastMs = 0): number {
    const { randomization_factor: factor, multiplier, max_interval: longest } = this.#config;
    const wait = this.#interval * (1 - factor + this.#random() * 2 * factor);
    this.#interval = Math.min(this.#interval * multiplier, longest);
    return Math.max(wait, atLeastMs);
  }
}
