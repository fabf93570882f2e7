import type { Settlement } from "../contract/delivery.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";

/** How much an outcome asks of the client. Refused wins: sending again loses nothing, and reaches the branch that failed. */
const WEIGHT: Readonly<Record<Outcome["kind"], number>> = { dropped: 0, delivered: 1, failed: 2, refused: 3 };

/** How the items that two children lost become the items that their origin lost. */
type CountLost = (a: number, b: number) => number;

/** The outcome that stands for both: the heavier one. */
function worseOutcome(a: Outcome, b: Outcome, lost: CountLost): Outcome {
  if (a.kind === "failed" && b.kind === "failed") return { kind: "failed", error: a.error, items: lost(a.items, b.items) };
  return WEIGHT[b.kind] > WEIGHT[a.kind] ? b : a;
}

class RootSettlement implements Settlement {
  #onSettled: ((outcome: Outcome) => void) | undefined;
  #done = false;
  readonly #answer: (outcome: Outcome) => void;

  constructor(onSettled: (outcome: Outcome) => void) {
    this.#onSettled = onSettled;
    this.#answer = (outcome) => {
      const answer = this.#onSettled;
      this.#onSettled = undefined;
      answer?.(outcome);
    };
  }

  get settled(): boolean {
    return this.#done;
  }

  settle(outcome: Outcome): void {
    this.#take();
    this.#answer(outcome);
  }

  split(count: number): Settlement[] {
    return this.#children(count, (a, b) => a + b);
  }

  fork(count: number): Settlement[] {
    return this.#children(count, Math.max);
  }

  #children(count: number, lost: CountLost): Settlement[] {
    if (count < 1) throw new Error(`a settlement cannot be split into ${count} parts; settle it instead`);
    this.#take();
    let open = count;
    let worst: Outcome | undefined;
    const partDone = (outcome: Outcome): void => {
      worst = worst === undefined ? outcome : worseOutcome(worst, outcome, lost);
      open -= 1;
      if (open === 0) this.#answer(worst);
    };
    return Array.from({ length: count }, () => new RootSettlement(partDone));
  }

  #take(): void {
    if (this.#done) throw new Error("a settlement was used twice; each batch is settled, split or forked exactly once");
    this.#done = true;
  }
}

/** Starts a settlement: `onSettled` is called exactly once, when everything that came of the batch has been answered for. */
export function createSettlement(onSettled: (outcome: Outcome) => void): Settlement {
  return new RootSettlement(onSettled);
}

/**
 * One settlement for a batch that was made from several. Its outcome settles every part. `items` are the item counts of the
 * parts: with them, items that the far side rejected are charged to the parts in order, and to no part more than it has.
 */
export function joinSettlements(parts: readonly Settlement[], items?: readonly number[]): Settlement {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  return createSettlement((outcome) => {
    let left = outcome.kind === "failed" ? outcome.items : 0;
    parts.forEach((part, index) => {
      const own = items?.[index];
      if (outcome.kind !== "failed" || own === undefined) return part.settle(outcome);
      const share = Math.min(left, own);
      left -= share;
      part.settle(share === 0 ? DELIVERED : { kind: "failed", error: outcome.error, items: share });
    });
  });
}
