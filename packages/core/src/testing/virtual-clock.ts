import type { Clock, Timer } from "../contract/clock.ts";

interface Entry extends Timer {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** A clock that stands still until it is told to move. Timers fire in the order of their times, then of their making. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #entries: Entry[] = [];

  constructor(startMs = 1_760_000_000_000) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const entry: Entry = {
      at: this.#now + Math.max(0, delayMs),
      order: this.#order++,
      callback,
      cancel() {
        entry.callback = undefined;
      },
    };
    this.#entries.push(entry);
    return entry;
  }

  /** Timers that are still to fire. */
  get pending(): number {
    return this.#entries.filter((entry) => entry.callback !== undefined).length;
  }

  /** Moves time forward, firing what is due on the way and letting promises settle between two timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settlePromises();
    for (let next = this.#takeDue(end); next !== undefined; next = this.#takeDue(end)) {
      this.#now = Math.max(this.#now, next.at);
      next.callback?.();
      await settlePromises();
    }
    this.#now = end;
  }

  #takeDue(end: number): Entry | undefined {
    this.#entries = this.#entries.filter((entry) => entry.callback !== undefined);
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.at > end) continue;
      if (best === undefined || entry.at < best.at || (entry.at === best.at && entry.order < best.order)) best = entry;
    }
    if (best !== undefined) this.#entries = this.#entries.filter((entry) => entry !== best);
    return best;
  }
}

/** Lets everything that only waits for promises or immediates run. */
export function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
