import { describe, expect, it } from "vitest";
import { runPowerCuts } from "./testing/power-cuts.ts";

/** In the lives of all of these files are used again. */
const SEEDS = [2, 3, 5, 6];

describe("a power cut at any moment", () => {
  it.each(SEEDS)("loses nothing that was acknowledged, and is no damage: seed %i", async (seed) => {
    const { faults, images, stored, reused } = await runPowerCuts(seed);
    expect(faults).toEqual([]);
    expect(images).toBeGreaterThan(100);
    expect(stored).toBeGreaterThan(0);
    expect(reused).toBeGreaterThan(0);
  });

  it.each(SEEDS)("loses nothing either on a disk whose writes fail now and then: seed %i", async (seed) => {
    const { faults, stored, reused } = await runPowerCuts(seed, { failures: 0.1 });
    expect(faults).toEqual([]);
    expect(stored).toBeGreaterThan(0);
    expect(reused).toBeGreaterThan(0);
  });

  it("loses records on a disk that forgets the names of new files: the test sees that", async () => {
    const { faults } = await runPowerCuts(0, { forgetsNames: true });
    expect(faults.filter((text) => text.includes("is lost")).length).toBeGreaterThan(0);
  });
});
