import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Degradation } from "./degradation.ts";
import { LatencyWindow } from "./latency-window.ts";

const CONFIG = { p99: 2000, window: 30_000 };

/** One send every 100 ms from `from` on; gives the times at which the state changed. */
function feed(degradation: Degradation, from: number, count: number, tookMs: (index: number) => number): number[] {
  const changes: number[] = [];
  for (let index = 0; index < count; index++) if (degradation.sent(from + index * 100, tookMs(index))) changes.push(from + index * 100);
  return changes;
}

describe("degradation", () => {
  it("begins when more than a hundredth of the sends is slow", () => {
    const degradation = new Degradation(CONFIG);
    expect(feed(degradation, 0, 250, (index) => (index === 40 ? 9000 : 100))).not.toEqual([]);
    const calm = new Degradation(CONFIG);
    feed(calm, 0, 1000, (index) => (index % 300 === 299 ? 9000 : 100));
    expect(calm.active).toBe(false);
  });

  it("decides nothing from a few sends", () => {
    const degradation = new Degradation(CONFIG);
    expect(feed(degradation, 0, 9, () => 9000)).toEqual([]);
    expect(degradation.active).toBe(false);
  });

  it("ends when sends take less than half, and not before", () => {
    const degradation = new Degradation(CONFIG);
    feed(degradation, 0, 50, () => 2500);
    expect([degradation.active, degradation.p99]).toEqual([true, 2500]);
    feed(degradation, 10_000, 600, () => 1500);
    expect(degradation.active).toBe(true);
    feed(degradation, 80_000, 600, () => 900);
    expect(degradation.active).toBe(false);
  });
});

describe("the window of latencies", () => {
  it("gives the nearest-rank quantile of what is young enough", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ wait: fc.nat(500), took: fc.nat(10_000) }), { minLength: 1, maxLength: 400 }), (sends) => {
        const window = new LatencyWindow(5000);
        let now = 0;
        const all: { at: number; took: number }[] = [];
        for (const { wait, took } of sends) {
          now += wait;
          window.add(now, took);
          all.push({ at: now, took });
        }
        const recent = all
          .filter(({ at }) => now - at <= 5000)
          .map(({ took }) => took)
          .toSorted((a, b) => a - b);
        expect(window.quantile(now, 0.99)).toEqual({ ms: recent[Math.ceil(0.99 * recent.length) - 1], count: recent.length });
      }),
    );
  });

  it("keeps the latest 512", () => {
    const window = new LatencyWindow(1000);
    for (let send = 0; send < 1000; send++) window.add(0, send);
    expect(window.quantile(0, 0)).toEqual({ ms: 488, count: 512 });
    window.clear();
    expect(window.quantile(0, 0.5)).toBeUndefined();
  });
});
