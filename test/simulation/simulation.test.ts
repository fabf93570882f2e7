import { describe, expect, it } from "vitest";
import { mutants } from "./mutants.ts";
import { runSeed, type SimulationResult } from "./run-seed.ts";

const SEEDS = 400;
/** Every mutant shows itself within so many seeds. */
const SEEDS_FOR_A_MUTANT = 400;

describe("a simulated world", () => {
  it(`loses nothing that was acknowledged, in ${SEEDS} lives`, { timeout: 120_000 }, async () => {
    const results: SimulationResult[] = [];
    for (let seed = 0; seed < SEEDS; seed++) results.push(await runSeed({ seed }));
    expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
    const sum = (count: (result: SimulationResult) => number): number => results.reduce((total, result) => total + count(result), 0);
    // The runs must have met what they are about.
    expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan(20 * SEEDS);
    expect(sum(({ deaths }) => deaths)).toBeGreaterThan(SEEDS);
    expect(sum(({ booked }) => booked.restored)).toBeGreaterThan(SEEDS / 4);
    expect(sum(({ booked }) => booked.deadLettered)).toBeGreaterThan(SEEDS / 4);
    expect(sum(({ repeated }) => repeated)).toBeGreaterThan(SEEDS / 4);
  });

  it("runs the same way from the same seed", async () => {
    const lines: string[][] = [[], []];
    for (const own of lines) await runSeed({ seed: 7, trace: (line) => own.push(line) });
    expect(lines[0]?.length).toBeGreaterThan(50);
    expect(lines[1]).toEqual(lines[0]);
  });

  it.each(mutants)("notices a world that $name", { timeout: 120_000 }, async ({ change }) => {
    let found: readonly string[] = [];
    for (let seed = 0; seed < SEEDS_FOR_A_MUTANT && found.length === 0; seed++) found = (await runSeed({ seed, ...change })).faults;
    expect(found).not.toEqual([]);
  });
});
