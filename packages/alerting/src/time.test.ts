import { expect, it } from "vitest";
import { msFromNanos, nanosFromMs } from "./time.ts";

it.each([
  [0, 0n],
  [1_760_000_000_000.4, 1_760_000_000_000_000_000n],
  [-5, 0n],
  [1.8e13, 9_223_372_036_854_000_000n],
])("%d ms are %s ns, within an int64", (ms, nanos) => {
  expect(nanosFromMs(ms)).toBe(nanos);
  expect(msFromNanos(nanos)).toBeLessThanOrEqual(9_223_372_036_854);
});
