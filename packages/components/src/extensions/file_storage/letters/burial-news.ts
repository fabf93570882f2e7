import type { Clock, DeadLetterReason, Logger } from "@tidemark/core";

/** A far side that says no to everything must not fill the log as well. */
const SAY_EVERY_MS = 10_000;

interface Untold {
  batches: number;
  /** Of the last one. */
  reason: DeadLetterReason;
}

/** Says in the log what becomes a dead letter: the first one of an owner at once, those that follow together. */
export class BurialNews {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #untold: Map<string, Untold> = new Map();
  readonly #toldAt: Map<string, number> = new Map();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** A batch of `owner` is among the dead letters now. */
  add(owner: string, reason: DeadLetterReason): void {
    const untold = this.#untold.get(owner);
    if (untold === undefined) this.#untold.set(owner, { batches: 1, reason });
    else {
      untold.batches += 1;
      untold.reason = reason;
    }
    this.tell();
  }

  /** Says what it is time for. */
  tell(): void {
    const now = this.#clock.now();
    for (const owner of this.#untold.keys()) {
      if (now - (this.#toldAt.get(owner) ?? Number.NEGATIVE_INFINITY) >= SAY_EVERY_MS) this.#say(owner, now);
    }
  }

  /** Says what it has not said yet. */
  end(): void {
    for (const owner of this.#untold.keys()) this.#say(owner, this.#clock.now());
  }

  #say(owner: string, now: number): void {
    const untold = this.#untold.get(owner);
    if (untold === undefined) return;
    this.#untold.delete(owner);
    this.#toldAt.set(owner, now);
    const { batches, reason } = untold;
    this.#log.warn('What cannot be delivered is among the dead letters now; look at it with "tidemark dlq".', {
      owner,
      batches,
      reason: reason.reason,
      error: reason.message,
    });
  }
}
