import type { Clock, Timer } from "@tidemark/core";

/** A request on a stream of HTTP/2, for which Node has no time limits of its own. */
export interface OpenCall {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Ends what has lasted since `oldest`. */
  expire(oldest: number): void;
}

/** Requests whose stream is open, oldest first. One timer for all: a request may take up to a quarter longer than the limit. */
export class OpenCalls {
  readonly #calls = new Set<OpenCall>();
  readonly #clock: Clock;
  readonly #limit: number;
  #timer: Timer | undefined;

  /** `limit` in milliseconds; 0: none. */
  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  start(): void {
    if (this.#limit === 0) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#sweep(this.#clock.now() - this.#limit);
      this.start();
    }, this.#limit / 4);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  add(call: OpenCall): void {
    this.#calls.add(call);
  }

  delete(call: OpenCall): void {
    this.#calls.delete(call);
  }

  #sweep(oldest: number): void {
    for (const call of this.#calls) {
      if (call.startedAt > oldest) break;
      call.expire(oldest);
    }
  }
}
