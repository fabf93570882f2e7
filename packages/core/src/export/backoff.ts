import type { Random } from "../contract/clock.ts";
import type { PipelineError } from "../contract/pipeline-error.ts";
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

/** A far side that names a later time is asked after an hour all the same: a wrong header must not stop an exporter for years. */
const LONGEST_ORDER_MS = 3_600_000;

/** For how long the far side wants to be left alone, in milliseconds; undefined when it does not say. */
export function orderedMs({ retryAfterMs }: PipelineError): number | undefined {
  return retryAfterMs !== undefined && retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_ORDER_MS) : undefined;
}

/** When a batch is tried again, and when it is given up. Only its own tries and waits make it older, not those at an open circuit breaker. */
export class RetrySchedule {
  readonly #config: RetryConfig;
  readonly #backoff: Backoff;
  #elapsedMs = 0;

  constructor(config: RetryConfig, random: Random) {
    this.#config = config;
    this.#backoff = new Backoff(config, random);
  }

  /** Time has passed for the batch. */
  spend(ms: number): void {
    this.#elapsedMs += ms;
  }

  /** The wait in milliseconds after `attempts` tries, at least `atLeastMs`; undefined when it is time to give up. */
  next(attempts: number, atLeastMs: number | undefined): number | undefined {
    const { max_elapsed_time: limitMs, max_retries: most } = this.#config;
    const waitMs = this.#backoff.next(atLeastMs);
    if (limitMs > 0 && this.#elapsedMs + waitMs > limitMs) return undefined;
    return most > 0 && attempts > most ? undefined : waitMs;
  }
}
