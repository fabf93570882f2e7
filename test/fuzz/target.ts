import type { Tape } from "./tape.ts";

/** What became of one input. */
export interface Verdict {
  /** What kind of answer it was: an input with a new one is worth keeping. */
  readonly kind: string;
  /** What must not be. */
  readonly fault?: string | undefined;
}

/** Something that takes inputs. */
export interface Target {
  readonly name: string;
  /** Inputs that may be on their way at once. */
  readonly concurrency: number;
  /** Of a thousand inputs, how many are for this target: fast ones get more. */
  readonly share: number;
  run(tape: Tape): Verdict | Promise<Verdict>;
}

/** Puts an error text into a kind: numbers and quoted parts change with every input. */
export function kindOf(text: string): string {
  return text
    .replace(/"(?:[^"\\]|\\.)*"|[0-9a-f]{8,}|\d+/g, "#")
    .replace(/[^\x20-\x7e]+/g, "?")
    .slice(0, 100);
}
