import { mergeBatches, type Batch } from "@tidemark/otlp";
import type { Clock, Timer } from "../contract/clock.ts";
import type { Entry, Share, Shipment } from "./queue-entry.ts";

/** How large requests should be. */
export interface JoinPolicy {
  readonly sizer: "items" | "bytes";
  readonly min: number;
  /** 0: no limit. */
  readonly max: number;
  /** Longest wait for others in milliseconds; 0 joins only what is there already. */
  readonly flushMs: number;
}

interface Pile {
  readonly key: string;
  batches: Batch[];
  shares: Share[];
  size: number;
  timer: Timer | undefined;
}

/** What the joiner asks of the queue. */
export interface JoinerOwner {
  /** The rule at this moment. */
  policy(): JoinPolicy;
  /** A request is complete. */
  ready(shipment: Shipment): void;
  /** Requests became complete because time was up. */
  flushed(): void;
}

/** Joins queued batches of one signal, and of the same values of some request headers, into requests, and cuts what is too large. */
export class Joiner {
  readonly #keys: readonly string[];
  readonly #clock: Clock;
  readonly #owner: JoinerOwner;
  readonly #piles: Map<string, Pile> = new Map();

  /** `metadataKeys` are in lower case. */
  constructor(metadataKeys: readonly string[], clock: Clock, owner: JoinerOwner) {
    this.#keys = metadataKeys;
    this.#clock = clock;
    this.#owner = owner;
  }

  add(entry: Entry): void {
    const pile = this.#pileOf(entry);
    const policy = this.#owner.policy();
    entry.open += 1;
    pile.batches.push(entry.batch);
    pile.shares.push({ entry, items: entry.batch.itemCount });
    pile.size += sizeOf(entry.batch, policy);
    if (pile.size >= policy.min) this.#flush(pile, policy, false);
    else if (policy.flushMs > 0) this.#arm(pile, policy.flushMs);
  }

  /** Makes requests of everything that waits for others. */
  flush(): void {
    for (const pile of this.#piles.values()) this.#flush(pile, this.#owner.policy(), true);
  }

  #pileOf({ batch, context }: Entry): Pile {
    const values = this.#keys.map((key) => context.metadata?.get(key) ?? []);
    const key = values.length === 0 ? batch.signal : JSON.stringify([batch.signal, values]);
    const known = this.#piles.get(key);
    if (known !== undefined) return known;
    const pile: Pile = { key, batches: [], shares: [], size: 0, timer: undefined };
    this.#piles.set(key, pile);
    return pile;
  }

  #arm(pile: Pile, flushMs: number): void {
    pile.timer ??= this.#clock.setTimeout(() => {
      this.#flush(pile, this.#owner.policy(), true);
      this.#owner.flushed();
    }, flushMs);
  }

  #flush(pile: Pile, policy: JoinPolicy, isForced: boolean): void {
    const { batches, shares } = pile;
    pile.timer?.cancel();
    pile.timer = undefined;
    pile.batches = [];
    pile.shares = [];
    pile.size = 0;
    if (batches.length > 0) this.#ship(pile, mergeBatches(batches), shares, policy, isForced);
    // Values of headers come and go; the three piles without any stay.
    if (this.#keys.length > 0 && pile.batches.length === 0) this.#piles.delete(pile.key);
  }

  #ship(pile: Pile, merged: Batch, shares: readonly Share[], policy: JoinPolicy, isForced: boolean): void {
    const pieces = cut(merged, policy);
    const last = pieces.at(-1);
    const cutter = new ShareCutter(shares);
    for (const piece of pieces) {
      const own = cutter.take(piece.itemCount);
      // The rest of a cut goes on waiting for others, unless time is up.
      if (!isForced && piece === last && pieces.length > 1 && sizeOf(piece, policy) < policy.min && policy.flushMs > 0) {
        pile.batches = [piece];
        pile.shares = own;
        pile.size = sizeOf(piece, policy);
        this.#arm(pile, policy.flushMs);
      } else this.#owner.ready({ batch: piece, shares: own });
    }
  }
}

/** Deals shares out to pieces that follow one another in the order of the shares. */
class ShareCutter {
  readonly #shares: readonly Share[];
  #at = 0;
  #used = 0;

  constructor(shares: readonly Share[]) {
    this.#shares = shares;
  }

  take(items: number): Share[] {
    const taken: Share[] = [];
    let wanted = items;
    while (wanted > 0 && this.#at < this.#shares.length) {
      const { entry, items: all } = this.#shares[this.#at]!;
      const left = all - this.#used;
      const own = Math.min(left, wanted);
      taken.push({ entry, items: own });
      wanted -= own;
      if (own === left) {
        this.#at += 1;
        this.#used = 0;
      } else {
        this.#used += own;
        entry.open += 1;
      }
    }
    return taken;
  }
}

function sizeOf(batch: Batch, { sizer }: JoinPolicy): number {
  return sizer === "bytes" ? batch.byteLength : batch.itemCount;
}

function cut(batch: Batch, { sizer, max }: JoinPolicy): readonly Batch[] {
  if (max === 0) return [batch];
  return sizer === "bytes" ? batch.splitByBytes(max) : batch.splitByItems(max);
}
