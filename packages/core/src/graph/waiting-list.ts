import type { Settlement } from "../contract/delivery.ts";

/** A sender that waits, and its place in the list of all that wait; -1 when it does not any more. */
export interface Waiting {
  readonly settlement: Settlement;
  at: number;
}

/**
 * The senders that wait. A Set would do, but the tables that it outgrows and its holes keep what they held alive until a full
 * collection: with it, every request body became old memory. This list leaves nothing behind, and holds no batches.
 */
export class WaitingList {
  readonly #all: Waiting[] = [];

  /** Puts a sender on the list; the answer takes it off again. */
  add(settlement: Settlement): Waiting {
    const waiting: Waiting = { settlement, at: this.#all.length };
    this.#all.push(waiting);
    return waiting;
  }

  /** False when it had been taken off before. */
  remove(waiting: Waiting): boolean {
    if (waiting.at < 0) return false;
    const last = this.#all.pop();
    if (last !== undefined && last !== waiting) {
      this.#all[waiting.at] = last;
      last.at = waiting.at;
    }
    waiting.at = -1;
    return true;
  }

  /** Takes everybody off. */
  takeAll(): readonly Waiting[] {
    const all = this.#all.splice(0);
    for (const waiting of all) waiting.at = -1;
    return all;
  }
}
