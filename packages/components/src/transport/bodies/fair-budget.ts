import { ByteBudget } from "./byte-budget.ts";

/** Somebody who holds bytes of a budget, such as a connection. Only the budget changes `held`. */
export interface BudgetHolder {
  held: number;
}

/** A holder that was turned away comes back after a second or so; until then its share is kept free. */
const CROWDED_MS = 3000;

/**
 * A `ByteBudget` that one holder cannot keep from the others. While nobody is turned away, anybody may fill it. Once a holder of
 * little was turned away, whoever holds more than an equal share (the holders and one newcomer count) gets nothing more.
 */
export class FairBudget {
  readonly #budget: ByteBudget;
  readonly #now: () => number;
  #holders = 0;
  #crowded = false;
  #crowdedUntil = 0;

  /** `now` in milliseconds. */
  constructor(capacity: number, now: () => number) {
    this.#budget = new ByteBudget(capacity);
    this.#now = now;
  }

  get used(): number {
    return this.#budget.used;
  }

  /** Whether a request of `holder` that has `own` bytes could go up to `total` now. Takes nothing. */
  hasRoom(holder: BudgetHolder, own: number, total: number): boolean {
    if (this.#isGreedy(holder, own, total - own)) return false;
    if (this.#budget.hasRoom(own, total)) return true;
    this.#turnedAway(holder, own, total - own);
    return false;
  }

  /** Takes `more` bytes for a request of `holder` that has `own` already. A request always succeeds when nobody else holds anything. */
  tryGrow(holder: BudgetHolder, own: number, more: number): boolean {
    if (this.#isGreedy(holder, own, more)) return false;
    if (!this.#budget.tryGrow(own, more)) {
      this.#turnedAway(holder, own, more);
      return false;
    }
    if (holder.held === 0 && more > 0) this.#holders += 1;
    holder.held += more;
    return true;
  }

  /** Returns what was taken. */
  give(holder: BudgetHolder, bytes: number): void {
    if (bytes === 0) return;
    this.#budget.give(bytes);
    holder.held -= bytes;
    if (holder.held === 0) this.#holders -= 1;
  }

  /** The only request of a holder is never greedy, however large it is. */
  #isGreedy(holder: BudgetHolder, own: number, more: number): boolean {
    if (!this.#crowded || holder.held === own) return false;
    if (this.#now() >= this.#crowdedUntil) {
      this.#crowded = false;
      return false;
    }
    return holder.held + more > this.#share();
  }

  #turnedAway(holder: BudgetHolder, own: number, more: number): void {
    if (holder.held !== own && holder.held + more > this.#share()) return;
    this.#crowded = true;
    this.#crowdedUntil = this.#now() + CROWDED_MS;
  }

  #share(): number {
    return this.#budget.capacity / (this.#holders + 1);
  }
}
