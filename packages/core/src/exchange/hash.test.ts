import { seededRandom } from "../testing/seeded-random.ts";
import { describe, expect, it } from "vitest";
import { hashText, jumpHash, mixHash } from "./hash.ts";

const KEYS = 20_000;

function keys(): number[] {
  const random = seededRandom(7);
  return Array.from({ length: KEYS }, () => mixHash(Math.floor(random() * 2 ** 28), Math.floor(random() * 2 ** 28)));
}

describe("jumpHash", () => {
  it.each([2, 3, 5, 8])("spreads keys evenly over %i workers", (count) => {
    const shares = Array.from({ length: count }, () => 0);
    for (const key of keys()) {
      const owner = jumpHash(key, count);
      shares[owner] = (shares[owner] ?? 0) + 1;
    }
    for (const share of shares) expect(Math.abs(share - KEYS / count)).toBeLessThan((KEYS / count) * 0.08);
  });

  it("moves keys to the new worker only when there is one more", () => {
    let moved = 0;
    for (const key of keys()) {
      const [before, after] = [jumpHash(key, 4), jumpHash(key, 5)];
      if (before === after) continue;
      expect(after).toBe(4);
      moved += 1;
    }
    expect(moved / KEYS).toBeGreaterThan(0.17);
    expect(moved / KEYS).toBeLessThan(0.23);
  });
});

describe("mixHash and hashText", () => {
  it("give unsigned 32-bit numbers that depend on everything they are given", () => {
    const seen = [
      mixHash(0, 1),
      mixHash(1, 0),
      mixHash(0, 2 ** 40),
      mixHash(0, 2 ** 41),
      hashText(""),
      hashText("a"),
      hashText("b"),
      hashText("ab"),
    ];
    for (const hash of seen) expect(hash >>> 0).toBe(hash);
    expect(new Set(seen).size).toBe(seen.length);
  });
});
