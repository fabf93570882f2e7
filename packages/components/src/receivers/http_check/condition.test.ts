import fc from "fast-check";
import { expect, it } from "vitest";
import { follow, healthPoints, newCondition } from "./condition.ts";

it("is DEGRADED from the threshold on until the first success, and tells each reason as a series that ends", () => {
  const reason = fc.constantFrom(undefined, "timeout" as const, "connection_refused" as const, "unexpected_status" as const);
  fc.assert(
    fc.property(fc.array(reason, { maxLength: 50 }), fc.integer({ min: 1, max: 5 }), (reasons, threshold) => {
      const condition = newCondition();
      const series = new Map<string, number>();
      let inARow = 0;
      for (const each of reasons) {
        inARow = each === undefined ? 0 : inARow + 1;
        follow(condition, each, threshold);
        for (const point of healthPoints(condition)) series.set(point.reason ?? "", point.value);
        const isDegraded = inARow >= threshold;
        // What somebody sees who keeps the last value of each series.
        expect([...series].filter(([, value]) => value === 1)).toEqual(isDegraded ? [[each, 1]] : []);
        expect(healthPoints(condition).length).toBeGreaterThan(0);
      }
    }),
  );
});

it("stays DEGRADED when a reload raises the threshold", () => {
  const condition = newCondition();
  follow(condition, "timeout", 1);
  follow(condition, "timeout", 5);
  expect(healthPoints(condition)).toEqual([{ value: 1, reason: "timeout" }]);
});
