import { median } from "./median.ts";

/** One thing to measure. `run` returns a number that depends on its work, so that the work cannot be left out. */
export interface Contestant {
  readonly system: string;
  readonly what: string;
  readonly run: () => number;
}

/** Median time of one run. */
export interface Timing {
  readonly system: string;
  readonly what: string;
  readonly nanos: number;
}

const SLICE_MS = 40;
const WARM_UP_MS = 60;

/** Measures all contestants by turns, round after round, so that a slow moment of the machine hits all of them; gives medians. */
export function compareByTurns(contestants: readonly Contestant[], rounds: number): Timing[] {
  const samples = contestants.map((): number[] => []);
  let checksum = 0;
  const measure = (run: () => number, forMs: number): number => {
    const started = performance.now();
    let runs = 0;
    let elapsed = 0;
    do {
      for (let inner = 0; inner < 10; inner += 1) checksum += run();
      runs += 10;
      elapsed = performance.now() - started;
    } while (elapsed < forMs);
    return (elapsed / runs) * 1e6;
  };
  for (const { run } of contestants) measure(run, WARM_UP_MS);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { run }] of contestants.entries()) samples[index]?.push(measure(run, SLICE_MS));
  }
  if (!Number.isFinite(checksum)) throw new Error("a measured function gave no number");
  return contestants.map(({ system, what }, index) => ({ system, what, nanos: median(samples[index] ?? []) }));
}
