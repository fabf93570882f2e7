import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConcurrencyLimit } from "./concurrency-limit.ts";

/** Sends as many as the limit allows at a time; `msOf` tells how long they take then. Gives the limit after each round. */
function drive(
  limit: ConcurrencyLimit,
  rounds: number,
  msOf: (concurrency: number) => number,
  from = 0,
): { limits: number[]; now: number } {
  let now = from;
  const limits: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const concurrency = limit.value;
    const startedAt = now;
    now += msOf(concurrency);
    for (let send = 0; send < concurrency; send++) limit.succeeded(startedAt, now);
    limits.push(limit.value);
  }
  return { limits, now };
}

describe("the concurrency limit", () => {
  it("begins with all consumers, and stays there while nothing is wrong", () => {
    const limit = new ConcurrencyLimit(10);
    expect(limit.value).toBe(10);
    expect(new Set(drive(limit, 100, () => 40).limits)).toEqual(new Set([10]));
  });

  it("halves once for all sends that were throttled together, and comes back one by one", () => {
    const limit = new ConcurrencyLimit(8);
    for (let send = 0; send < 8; send++) limit.overloaded(0, 100);
    expect(limit.value).toBe(4);
    limit.overloaded(101, 200);
    expect(limit.value).toBe(2);
    const { limits } = drive(limit, 8, () => 10, 300);
    expect(limits).toEqual(limits.toSorted((a, b) => a - b));
    expect([limits[0], limits.at(-1)]).toEqual([2, 8]);
  });

  it("sends less at a time when that is what makes the far side slow", () => {
    const limit = new ConcurrencyLimit(10);
    const { now } = drive(limit, 10, () => 100);
    // From now on it works on one after another, so that they wait for each other.
    const { limits } = drive(limit, 200, (concurrency) => concurrency * 100, now);
    expect(Math.min(...limits)).toBeLessThanOrEqual(3);
    expect(Math.max(...limits.slice(20))).toBeLessThan(10);
  });

  it("finds out that the far side is slow for reasons of its own, and goes back to all consumers", () => {
    const limit = new ConcurrencyLimit(10);
    const { now } = drive(limit, 10, () => 100);
    const { limits } = drive(limit, 60, () => 3000, now);
    expect(Math.min(...limits)).toBeLessThan(10);
    expect(limits.at(-1)).toBe(10);
  });

  it("takes no notice of waits that are short in any case", () => {
    const limit = new ConcurrencyLimit(10);
    const { now } = drive(limit, 10, () => 2);
    expect(new Set(drive(limit, 100, () => 200, now).limits)).toEqual(new Set([10]));
  });

  it("never leaves 1 to the number of consumers, and always comes back", () => {
    const event = fc.record({ ms: fc.nat(5000), isOverload: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (events, most) => {
        const limit = new ConcurrencyLimit(most);
        let now = 0;
        for (const { ms, isOverload } of events) {
          const startedAt = now;
          now += ms;
          if (isOverload) limit.overloaded(startedAt, now);
          else limit.succeeded(startedAt, now);
          expect(limit.value).toBeGreaterThanOrEqual(1);
          expect(limit.value).toBeLessThanOrEqual(most);
        }
        expect(drive(limit, most * 4 + 100, () => 100, now).limits.at(-1)).toBe(most);
      }),
    );
  });
});
