import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";

const HALF: () => number = () => 0.5;

function opened(random = HALF): CircuitBreaker {
  const breaker = new CircuitBreaker({ failures: 3, half_open_after: 1000 }, random);
  for (let failure = 0; failure < 3; failure++) breaker.leave(0, breaker.enter(), "down");
  return breaker;
}

describe("a circuit breaker", () => {
  it("opens after three failures in a row, not after three in all", () => {
    const breaker = new CircuitBreaker({ failures: 3, half_open_after: 1000 }, HALF);
    for (const verdict of ["down", "down", "alive", "down", "down", "unknown"] as const) breaker.leave(0, breaker.enter(), verdict);
    expect(breaker.state).toBe("closed");
    breaker.leave(0, breaker.enter(), "down");
    expect(breaker.state).toBe("open");
    expect(breaker.waitMs(0)).toBe(1000);
  });

  it("lets one probe through after the cool time, and nobody beside it", () => {
    const breaker = opened();
    expect(breaker.waitMs(999)).toBe(1);
    expect(breaker.waitMs(1000)).toBe(0);
    expect(breaker.enter()).toBe(true);
    expect(breaker.state).toBe("half_open");
    expect(breaker.waitMs(5000)).toBe(Number.POSITIVE_INFINITY);
    breaker.leave(5000, true, "alive");
    expect([breaker.state, breaker.waitMs(5000)]).toEqual(["closed", 0]);
  });

  it("opens again for the whole time when the probe fails, and at once for another probe when it ends without a verdict", () => {
    const breaker = opened();
    breaker.leave(1500, breaker.enter(), "down");
    expect([breaker.state, breaker.waitMs(1500)]).toEqual(["open", 1000]);
    breaker.leave(2600, breaker.enter(), "unknown");
    expect([breaker.state, breaker.waitMs(2600)]).toEqual(["open", 0]);
  });

  it("leaves the far side alone for as long as it asks, and spreads the cool time by a fifth", () => {
    const breaker = opened();
    breaker.leave(1000, breaker.enter(), "down", 60_000);
    expect(breaker.waitMs(1000)).toBe(60_000);
    const random = seededRandom();
    const waits = Array.from({ length: 200 }, () => opened(random).waitMs(0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(800);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1200);
    expect(new Set(waits).size).toBeGreaterThan(100);
  });

  it("takes a late failure for nothing new, and a late success for good news", () => {
    const breaker = opened();
    breaker.leave(500, false, "down");
    expect(breaker.waitMs(500)).toBe(500);
    breaker.leave(600, false, "alive");
    expect(breaker.state).toBe("closed");
  });

  it("always ends up closed when the far side works, whatever happened before", () => {
    const step = fc.record({ ms: fc.nat(3000), verdict: fc.constantFrom("alive" as const, "down" as const, "unknown" as const) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, failures) => {
        const breaker = new CircuitBreaker({ failures, half_open_after: 1000 }, seededRandom(failures));
        let now = 0;
        let inARow = 0;
        for (const { ms, verdict } of steps) {
          now += ms;
          if (breaker.waitMs(now) > 0) continue;
          const wasClosed = breaker.state === "closed";
          breaker.leave(now, breaker.enter(), verdict);
          inARow = verdict === "down" ? (wasClosed ? inARow + 1 : failures) : verdict === "alive" ? 0 : inARow;
          expect(breaker.state !== "closed").toBe(inARow >= failures);
        }
        now += breaker.waitMs(now);
        breaker.leave(now, breaker.enter(), "alive");
        expect([breaker.state, breaker.waitMs(now)]).toEqual(["closed", 0]);
      }),
    );
  });
});
