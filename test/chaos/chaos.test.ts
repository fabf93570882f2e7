import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scenarios } from "./scenarios/index.ts";
import { resultOf, settle, withTrial } from "./trial.ts";

/** Share of the usual length of a round. */
const SCALE = 0.5;
const SEED = 20_261;
/** Of each scenario: about three minutes for all. The last one is with several workers. */
const ROUNDS = [
  { seed: SEED, workers: 1 },
  { seed: SEED + 100, workers: 1 },
  { seed: SEED + 200, workers: 2 },
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-chaos-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("nothing acknowledged is lost, nothing is doubled without a reason, and the books balance", () => {
  for (const [index, scenario] of scenarios.entries()) {
    const skipped = scenario.skipped?.();
    it.skipIf(skipped !== undefined).each(ROUNDS)(
      `${scenario.name}, seed $seed, workers $workers${skipped === undefined ? "" : ` (skipped: ${skipped})`}`,
      { timeout: 90_000 },
      async ({ seed, workers }) => {
        const { faults, events } = await scenario.run({ seed: seed + index, folder, scale: SCALE, workers });
        expect(faults).toEqual([]);
        expect(events).toBeGreaterThan(0);
      },
    );
  }
});

describe("the oracle", () => {
  it("sees what a queue in memory loses when it is killed", { timeout: 60_000 }, async () => {
    const options = { seed: SEED, folder, scale: SCALE, workers: 1 };
    const { missing, faults } = await withTrial(options, { batching: "none", isDurable: false }, async (trial) => {
      const { sink, subject, load, books } = trial;
      sink.mood = () => "slow";
      await subject.start();
      load.start();
      await sleep(500);
      books.interrupted(await subject.kill());
      await settle(trial, 1000);
      return resultOf(trial, { events: 1 });
    });
    expect(missing).toBeGreaterThan(0);
    expect(faults).toEqual([`${missing} acknowledged items are missing`]);
  });
});
