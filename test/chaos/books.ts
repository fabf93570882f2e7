import type { ItemRange } from "../lib/item-ranges.ts";

/** Growing memory of one sender; one slot for each sequence number. */
interface SenderBooks {
  acknowledged: Uint8Array;
  arrivals: Uint8Array;
  /** Bits of `REJECTED`, `UNANSWERED`. */
  marks: Uint8Array;
  /** When the last arrival was answered with success. */
  answeredAt: Float64Array;
}

/** The back end said for good that it does not take the item. */
const REJECTED = 1;
/** The last arrival got no answer that its sender must have seen. */
const UNANSWERED = 2;
const FIRST_SLOTS = 1 << 12;

/** What the books say at the end of a run. Counts are items. */
export interface Balance {
  readonly acknowledged: number;
  readonly arrived: number;
  /** Acknowledged, not arrived, and not rejected by the back end. */
  readonly missing: number;
  /** Acknowledged, never taken, and rejected for good by the back end: these belong among the dead letters. */
  readonly rejected: number;
  /** Arrivals beyond the first. */
  readonly doubled: number;
  /** Of them, those that at-least-once delivery does not explain. */
  readonly unexplained: number;
  /** Longest time in milliseconds from an answer to a kill that explains a repetition. */
  readonly longestLag: number;
}

/**
 * What became of every item, from outside of the collector: which were acknowledged, which arrived, and whether each repetition has
 * its reason. An item may come again when its last arrival got no answer, or when the collector was killed within `lagMs` after the answer:
 * that it is delivered is noted a moment later.
 */
export class Books {
  readonly #senders: Map<number, SenderBooks> = new Map();
  readonly #interruptions: number[] = [];
  readonly #lagMs: number;
  #doubled = 0;
  /** Times of the answers before repetitions that no missing answer explains. */
  readonly #repeated: number[] = [];

  constructor(lagMs: number) {
    this.#lagMs = lagMs;
  }

  acknowledge([sender, from, to]: ItemRange): void {
    const books = this.#room(sender, to);
    books.acknowledged.fill(1, from, to);
  }

  /** The collector was killed, or stopped in a hurry. */
  interrupted(at: number): void {
    this.#interruptions.push(at);
  }

  arrived(sender: number, sequence: number): void {
    const books = this.#room(sender, sequence + 1);
    const before = books.arrivals[sequence] ?? 0;
    const marks = books.marks[sequence] ?? 0;
    if (before > 0) {
      this.#doubled += 1;
      if ((marks & UNANSWERED) === 0) this.#repeated.push(books.answeredAt[sequence] ?? 0);
    }
    books.arrivals[sequence] = Math.min(255, before + 1);
    books.marks[sequence] = marks | UNANSWERED;
  }

  /** The arrival before was answered with success in time. */
  answered(sender: number, sequence: number, at: number): void {
    const books = this.#room(sender, sequence + 1);
    books.marks[sequence] = (books.marks[sequence] ?? 0) & ~UNANSWERED;
    books.answeredAt[sequence] = at;
  }

  rejected(sender: number, sequence: number): void {
    const books = this.#room(sender, sequence + 1);
    books.marks[sequence] = (books.marks[sequence] ?? 0) | REJECTED;
  }

  /** Acknowledged items that have neither arrived nor been rejected, as `sender:sequence`. */
  *missing(): Generator<readonly [sender: number, sequence: number], void, undefined> {
    for (const [sender, { acknowledged, arrivals, marks }] of this.#senders) {
      for (let sequence = acknowledged.indexOf(1); sequence >= 0; sequence = acknowledged.indexOf(1, sequence + 1))
        if (arrivals[sequence] === 0 && ((marks[sequence] ?? 0) & REJECTED) === 0) yield [sender, sequence];
    }
  }

  isAcknowledged(sender: number, sequence: number): boolean {
    return this.#senders.get(sender)?.acknowledged[sequence] === 1;
  }

  balance(): Balance {
    let acknowledged = 0;
    let arrived = 0;
    let rejected = 0;
    for (const books of this.#senders.values()) {
      for (const [sequence, flag] of books.acknowledged.entries()) {
        acknowledged += flag;
        const taken = (books.arrivals[sequence] ?? 0) > 0;
        if (taken) arrived += 1;
        else if (((books.marks[sequence] ?? 0) & REJECTED) !== 0) rejected += 1;
      }
    }
    let longestLag = 0;
    let unexplained = 0;
    for (const at of this.#repeated) {
      const lag = this.#lagAfter(at);
      if (lag > this.#lagMs) unexplained += 1;
      else longestLag = Math.max(longestLag, lag);
    }
    const missing = [...this.missing()].length;
    return { acknowledged, arrived, missing, rejected, doubled: this.#doubled, unexplained, longestLag };
  }

  /** Time from an answer to the interruption that followed; 0 for one that was written after it. */
  #lagAfter(answeredAt: number): number {
    const next = this.#interruptions.find((at) => at >= answeredAt);
    const isJustAfter = this.#interruptions.some((at) => at < answeredAt && answeredAt - at < this.#lagMs);
    return isJustAfter ? 0 : (next ?? Number.POSITIVE_INFINITY) - answeredAt;
  }

  #room(sender: number, slots: number): SenderBooks {
    const known = this.#senders.get(sender);
    if (known !== undefined && slots <= known.acknowledged.length) return known;
    const size = Math.max(slots, FIRST_SLOTS, (known?.acknowledged.length ?? 0) * 2);
    const grown: SenderBooks = {
      acknowledged: new Uint8Array(size),
      arrivals: new Uint8Array(size),
      marks: new Uint8Array(size),
      answeredAt: new Float64Array(size),
    };
    if (known !== undefined) {
      grown.acknowledged.set(known.acknowledged);
      grown.arrivals.set(known.arrivals);
      grown.marks.set(known.marks);
      grown.answeredAt.set(known.answeredAt);
    }
    this.#senders.set(sender, grown);
    return grown;
  }
}
