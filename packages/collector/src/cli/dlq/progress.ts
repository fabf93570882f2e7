import type { Clock } from "@tidemark/core";

const EVERY_MS = 1000;

/** Says once a second how far long work has come, how fast it is, and how much is left. */
export class ProgressLine {
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  readonly #verb: string;
  readonly #startedAt: number;
  #saidAt: number;

  constructor(verb: string, clock: Clock, say: (text: string) => void) {
    this.#verb = verb;
    this.#clock = clock;
    this.#say = say;
    this.#startedAt = this.#saidAt = clock.now();
  }

  show(done: number, total: number): void {
    const now = this.#clock.now();
    if (now - this.#saidAt < EVERY_MS) return;
    this.#saidAt = now;
    const rate = (done * 1000) / (now - this.#startedAt);
    const left = total - done;
    const time = rate > 0 ? `, about ${Math.ceil(left / rate)} s` : "";
    this.#say(`${this.#verb} ${done} of ${total} dead letters, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s; ${left} left${time}\n`);
  }
}
