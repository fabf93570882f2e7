import { mutateTape, randomTape, smallerTapes, Tape } from "./tape.ts";
import type { Target } from "./target.ts";

/** Tapes that are kept in a run: their neighbours are tried. */
const MOST_KEPT = 3000;
/** Tries to make a failing input smaller. */
const MOST_TRIES = 400;
const TURN = 16;
/** Faults of one kind are told so often. */
const MOST_FAULTS = 10;

/** An input that must not be answered as it was. */
export interface Finding {
  readonly target: string;
  readonly fault: string;
  readonly tape: Uint8Array;
}

/** Tries inputs on one target: new ones, and neighbours of those that had a new kind of answer. The same seed tries the same. */
export class Fuzzer {
  readonly target: Target;
  readonly findings: Finding[] = [];
  /** Of each kind of answer the shortest tape. */
  readonly kinds = new Map<string, Uint8Array>();
  inputs = 0;
  slowestMs = 0;
  readonly #random: () => number;
  readonly #pool: Uint8Array[];
  readonly #due: Uint8Array[];

  constructor(target: Target, corpus: readonly Uint8Array[], random: () => number) {
    this.target = target;
    this.#random = random;
    this.#pool = [...corpus];
    this.#due = [...corpus];
  }

  /** Tries so many inputs. */
  async run(count: number): Promise<void> {
    let left = count;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#try(this.#next());
        // Others get their turn: the canary must not wait for us.
        if (left % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: this.target.concurrency }, work));
  }

  #next(): Uint8Array {
    const due = this.#due.pop();
    if (due !== undefined) return due;
    if (this.#pool.length === 0 || this.#random() < 0.3) return randomTape(this.#random);
    return mutateTape(this.#choose(), this.#choose(), this.#random);
  }

  #choose(): Uint8Array {
    return this.#pool[Math.floor(this.#random() * this.#pool.length)] as Uint8Array;
  }

  async #try(tape: Uint8Array): Promise<void> {
    const startedAt = performance.now();
    const { kind, fault } = await this.target.run(new Tape(tape));
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
    this.inputs += 1;
    const known = this.kinds.get(kind);
    if (known === undefined || tape.length < known.length) this.kinds.set(kind, tape);
    if (known === undefined) {
      if (this.#pool.length < MOST_KEPT) this.#pool.push(tape);
      else this.#pool[Math.floor(this.#random() * MOST_KEPT)] = tape;
    }
    if (fault !== undefined && this.findings.length < MOST_FAULTS) await this.#report(tape, fault);
  }

  async #report(tape: Uint8Array, fault: string): Promise<void> {
    const sort = sortOf(fault);
    if (this.findings.some((finding) => sortOf(finding.fault) === sort)) return;
    const place = this.findings.push({ target: this.target.name, fault, tape }) - 1;
    this.findings[place] = await this.#minimise(tape, fault);
  }

  /** The smallest neighbour of a neighbour … that still shows a fault of the same sort. */
  async #minimise(tape: Uint8Array, fault: string): Promise<Finding> {
    let best = { target: this.target.name, fault, tape };
    let tries = 0;
    for (let isSmaller = true; isSmaller && tries < MOST_TRIES;) {
      isSmaller = false;
      for (const smaller of smallerTapes(best.tape)) {
        if (++tries > MOST_TRIES) break;
        const verdict = await this.target.run(new Tape(smaller));
        if (verdict.fault === undefined || sortOf(verdict.fault) !== sortOf(fault)) continue;
        best = { target: this.target.name, fault: verdict.fault, tape: smaller };
        isSmaller = true;
        break;
      }
    }
    return best;
  }
}

/** Faults of one sort have one cause, mostly. */
function sortOf(fault: string): string {
  return (fault.split("\n")[0] ?? "").replace(/\d+/g, "#").slice(0, 80);
}
