import type { Clock, Peers } from "@tidemark/core";
import type { SelfMemory } from "./memory.ts";
import type { Snapshot } from "./snapshot.ts";

/** A worker that has said nothing for so long is not counted any more. */
const FORGET_MS = 10_000;

/** The worker that alerts asks the others for their condition, and leaves its memory with them for who comes after it. */
interface Question {
  readonly memory: SelfMemory | undefined;
}

interface Answer {
  readonly snapshot: Snapshot;
  /** What the worker that alerts has left here last. */
  readonly memory: SelfMemory | undefined;
}

/** Answers the worker that alerts. */
export function answerLeader(peers: Peers, snapshot: () => Snapshot): void {
  let left: SelfMemory | undefined;
  peers.answer((question): Answer => {
    const { memory } = question as Question;
    const before = left;
    left = memory ?? left;
    return { snapshot: snapshot(), memory: memory === undefined ? before : undefined };
  });
}

/** The condition of the other workers, as the one that alerts sees it. */
export class PeersView {
  readonly #peers: Peers;
  readonly #clock: Clock;
  readonly #heard = new Map<number, { readonly at: number; readonly snapshot: Snapshot }>();
  #isAsking = false;

  constructor(peers: Peers, clock: Clock) {
    this.#peers = peers;
    this.#clock = clock;
  }

  /** What they said last. */
  snapshots(): Snapshot[] {
    const now = this.#clock.now();
    for (const [worker, { at }] of this.#heard) if (now - at > FORGET_MS) this.#heard.delete(worker);
    return [...this.#heard.values()].map(({ snapshot }) => snapshot);
  }

  /** Asks all; resolves with the newest memory that a worker before this one has left with them, if it was asked for. */
  async ask(memory: SelfMemory | undefined): Promise<SelfMemory | undefined> {
    if (this.#isAsking) return undefined;
    this.#isAsking = true;
    const answers = (await this.#peers.ask({ memory } satisfies Question)) as readonly Answer[];
    this.#isAsking = false;
    const at = this.#clock.now();
    for (const { snapshot } of answers) this.#heard.set(snapshot.worker, { at, snapshot });
    const [newest] = answers.flatMap((answer) => answer.memory ?? []).toSorted((a, b) => b.savedAt - a.savedAt);
    return newest;
  }
}
