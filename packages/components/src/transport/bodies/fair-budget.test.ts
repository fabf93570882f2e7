import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairBudget } from "./fair-budget.ts";

describe("a fair budget", () => {
  it("lets one holder fill it while nobody else wants anything", () => {
    const budget = new FairBudget(100, () => 0);
    const one = { held: 0 };
    expect([budget.tryGrow(one, 0, 60), budget.tryGrow(one, 0, 40), budget.tryGrow(one, 0, 1)]).toEqual([true, true, false]);
    expect([budget.used, one.held]).toEqual([100, 100]);
  });

  it("keeps half free for the other, once it was turned away", () => {
    let now = 0;
    const budget = new FairBudget(100, () => now);
    const [greedy, modest] = [{ held: 0 }, { held: 0 }];
    for (let i = 0; i < 10; i++) budget.tryGrow(greedy, 0, 10);
    expect(budget.tryGrow(modest, 0, 10)).toBe(false);
    budget.give(greedy, 10);
    expect(budget.tryGrow(greedy, 0, 10)).toBe(false);
    expect(budget.hasRoom(greedy, 0, 10)).toBe(false);
    expect(budget.tryGrow(modest, 0, 10)).toBe(true);
    budget.give(greedy, 60);
    expect(greedy.held).toBe(30);
    expect([budget.tryGrow(greedy, 0, 10), budget.tryGrow(greedy, 0, 10)]).toEqual([false, false]);
    now = 3000;
    expect(budget.tryGrow(greedy, 0, 50)).toBe(true);
  });

  it("never refuses the only request of a holder for its share", () => {
    const budget = new FairBudget(100, () => 0);
    const [greedy, large] = [{ held: 0 }, { held: 0 }];
    budget.tryGrow(greedy, 0, 100);
    expect(budget.tryGrow(large, 0, 90)).toBe(false);
    budget.give(greedy, 90);
    expect([budget.tryGrow(large, 0, 45), budget.tryGrow(large, 45, 45)]).toEqual([true, true]);
  });

  it("takes a request that is larger than itself when nobody else holds anything", () => {
    const budget = new FairBudget(10, () => 0);
    const one = { held: 0 };
    expect([budget.tryGrow(one, 0, 8), budget.tryGrow(one, 8, 8)]).toEqual([true, true]);
  });

  it("never holds more than its capacity for several, and ends empty", () => {
    const step = fc.record({ holder: fc.nat(3), bytes: fc.integer({ min: 1, max: 60 }), give: fc.boolean(), wait: fc.nat(2000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0;
        const budget = new FairBudget(100, () => now);
        const holders = Array.from({ length: 4 }, () => ({ held: 0, requests: [] as number[] }));
        for (const { holder, bytes, give, wait } of steps) {
          now += wait;
          const who = holders[holder] as (typeof holders)[number];
          if (give) budget.give(who, who.requests.pop() ?? 0);
          else if (budget.tryGrow(who, 0, bytes)) who.requests.push(bytes);
          expect(budget.used).toBe(holders.reduce((sum, { held }) => sum + held, 0));
          expect(budget.used).toBeLessThanOrEqual(100);
        }
        for (const who of holders) for (const bytes of who.requests) budget.give(who, bytes);
        expect([budget.used, budget.tryGrow({ held: 0 }, 0, 100)]).toEqual([0, true]);
      }),
    );
  });
});
