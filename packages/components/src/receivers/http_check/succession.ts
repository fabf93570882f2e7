import type { Peers } from "@tidemark/core";
import type { Condition } from "./condition.ts";

/** The conditions of all targets, as one worker knew them. */
export interface CheckMemory {
  readonly conditions: Record<string, Condition>;
  savedAt: number;
}

interface Question {
  readonly memory: CheckMemory | undefined;
}

interface Answer {
  readonly memory: CheckMemory | undefined;
}

export function newMemory(): CheckMemory {
  return { conditions: {}, savedAt: 0 };
}

/** Keeps what the worker that checks has left, for the one that takes its place. */
export function keepForNext(peers: Peers): void {
  let left: CheckMemory | undefined;
  peers.answer((question): Answer => {
    const { memory } = question as Question;
    if (memory !== undefined) left = memory;
    return { memory: memory === undefined ? left : undefined };
  });
}

/** Leaves the memory with the other workers. */
export function leave(peers: Peers, memory: CheckMemory): Promise<unknown> {
  return peers.ask({ memory } satisfies Question);
}

/** The newest memory that a worker before this one has left; undefined when there was none. */
export async function takeOver(peers: Peers): Promise<CheckMemory | undefined> {
  const answers = (await peers.ask({ memory: undefined } satisfies Question)) as readonly Answer[];
  const [newest] = answers.flatMap(({ memory }) => memory ?? []).toSorted((a, b) => b.savedAt - a.savedAt);
  return newest;
}
