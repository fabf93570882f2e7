import { describe, expect, it } from "vitest";
import { runPowerCuts } from "./testing/power-cuts.ts";

const SEEDS = 4;

describe("a power cut at any moment", () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    "loses nothing that was acknowledged, and is no damage: seed %i",
    async (seed) => {
      const { faults, images, stored } = await runPowerCuts(seed);
      expect(faults).toEqual([]);
      expect(images).toBeGreaterThan(100);
      expect(stored).toBeGreaterThan(0);
    },
  );

  it("loses records on a disk that forgets the names of new files: the test sees that", async () => {
    const { faults } = await runPowerCuts(0, { forgetsNames: true });
    expect(faults.filter((text) => text.includes("is lost")).length).toBeGreaterThan(0);
  });
});
