import { describe, expect, it } from "vitest";
import { mutants } from "./mutants.ts";
import { runSeed, type SimulationResult } from "./run-seed.ts";

const SEEDS = 400;
/** What the runs must have met, each several times: they would not be about it otherwise. */
const MET = [
  "kill",
  "shutdown",
  "reload",
  "failed reload",
  "plan",
  "exporter is away",
  "exporter is back",
  "replay of dead letters",
  "damaged record",
  "the storage does not open at the start",
  "small compressed request",
  "weather: partial",
  "weather: ack_lost",
  "weather: hang",
  "weather: throttled",
  "weather: unreachable",
  "A batch could not be stored.",
  "A batch that cannot be delivered could not be put among the dead letters. Trying again.",
  "Delivered batches could not be removed from the storage; a restart would send them again.",
  "Exporting failed. Dropping data.",
  "Sending queue is full. Refusing data.",
  "Sending what is left in the storage.",
  "Sends are slow. Sending small compressed requests until they are faster.",
  "The circuit breaker has closed: the far side is back.",
  "The circuit breaker has opened: the far side is down. Batches wait in the queue.",
  "The stored batches of the sending queue cannot be read. Trying again.",
];
/** Every mutant shows itself within so many seeds. */
const SEEDS_FOR_A_MUTANT = 400;

describe("a simulated world", () => {
  it(`loses nothing that was acknowledged, in ${SEEDS} lives`, { timeout: 120_000 }, async () => {
    const results: SimulationResult[] = [];
    for (let seed = 0; seed < SEEDS; seed++) results.push(await runSeed({ seed }));
    expect(results.filter(({ faults }) => faults.length > 0)).toEqual([]);
    const sum = (count: (result: SimulationResult) => number): number => results.reduce((total, result) => total + count(result), 0);
    expect(MET.filter((what) => sum(({ met }) => met.get(what) ?? 0) < 5)).toEqual([]);
    expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan(20 * SEEDS);
    expect(sum(({ deaths }) => deaths)).toBeGreaterThan(SEEDS);
    expect(sum(({ booked }) => booked.restored)).toBeGreaterThan(SEEDS / 4);
    expect(sum(({ booked }) => booked.deadLettered)).toBeGreaterThan(SEEDS / 4);
    expect(sum(({ repeated }) => repeated)).toBeGreaterThan(SEEDS / 4);
  });

  it.each([7, 30, 498])("runs the same way from the same seed %i", async (seed) => {
    const lines: string[][] = [[], []];
    for (const own of lines) await runSeed({ seed, trace: (line) => own.push(line) });
    expect(lines[0]?.length).toBeGreaterThan(50);
    expect(lines[1]).toEqual(lines[0]);
  });

  it.each(mutants)("notices a world that $name", { timeout: 120_000 }, async ({ change }) => {
    let found: readonly string[] = [];
    for (let seed = 0; seed < SEEDS_FOR_A_MUTANT && found.length === 0; seed++) found = (await runSeed({ seed, ...change })).faults;
    expect(found).not.toEqual([]);
  });
});
