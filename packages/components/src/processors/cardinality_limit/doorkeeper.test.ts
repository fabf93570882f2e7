import { seededRandom } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { Doorkeeper } from "./doorkeeper.ts";

const identities = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 26) * 2 ** 26 + Math.floor(random() * 2 ** 26));
};

describe("Doorkeeper", () => {
  it("lets in at the second sighting, also in the next period, and not after the one after that", () => {
    const [a = 0, b = 0] = identities(1, 2);
    const keeper = new Doorkeeper(100);
    expect(keeper.seenBefore(a)).toBe(false);
    expect(keeper.seenBefore(a)).toBe(true);
    expect(keeper.seenBefore(b)).toBe(false);
    keeper.rotate();
    expect(keeper.seenBefore(b)).toBe(true);
    keeper.rotate();
    keeper.rotate();
    expect(keeper.seenBefore(a)).toBe(false);
  });

  it("lets in fewer than 3 % of series that are seen once", () => {
    const keeper = new Doorkeeper(2000);
    const seen = identities(2, 50_000).filter((identity) => keeper.seenBefore(identity)).length;
    expect(seen).toBeLessThan(1500);
  });
});
