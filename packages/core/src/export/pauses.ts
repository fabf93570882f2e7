import type { Clock, Timer } from "../contract/clock.ts";

interface Pause {
  readonly timer: Timer;
  readonly end: () => void;
  readonly isOrdered: boolean;
}

/** Waits that can be cut short. */
export class Pauses {
  readonly #clock: Clock;
  #pauses: Pause[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, or earlier when it is woken. `isOrdered`: somebody else named the time, so that only `wakeAll` ends it early. */
  wait(ms: number, isOrdered = false): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        pause.timer.cancel();
        this.#pauses = this.#pauses.filter((other) => other !== pause);
        resolve();
      };
      const pause: Pause = { timer: this.#clock.setTimeout(end, ms), end, isOrdered };
      this.#pauses.push(pause);
    });
  }

  /** Ends the waits that nobody ordered. */
  wakeEager(): void {
    for (const pause of this.#pauses) if (!pause.isOrdered) pause.end();
  }

  wakeAll(): void {
    for (const { end } of this.#pauses) end();
  }
}
