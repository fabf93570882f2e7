import type { Clock, Timer } from "@tidemark/core";

interface Entry {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Virtual time for a whole world: events happen in the order of their times, then of their making. */
export class SimClock implements Clock {
  #now = 1_760_000_000_000;
  #order = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Entry[] = [];

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#push(entry);
    return {
      cancel() {
        entry.callback = undefined;
      },
    };
  }

  /** A clock for a process that can die: its timers die with it. */
  ofProcess(): Clock & { kill(): void } {
    let isAlive = true;
    return {
      now: () => this.#now,
      setTimeout: (callback, delayMs) =>
        this.setTimeout(() => {
          if (isAlive) callback();
        }, delayMs),
      kill() {
        isAlive = false;
      },
    };
  }

  /** Lets events happen, one after another, until `isOver` says so after one of them. False when `untilMs` came first. */
  async run(untilMs: number, isOver: () => boolean): Promise<boolean> {
    await settled();
    for (;;) {
      const next = this.#pop();
      if (next === undefined || next.at > untilMs) return false;
      if (next.callback === undefined) continue;
      this.#now = next.at;
      next.callback();
      await settled();
      if (isOver()) return true;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isEarlier(heap[parent]!, entry)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (isEarlier(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Lets everything run that waits for promises only. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
