import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationField, formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it.each([
    ["200ms", 200],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["0", 0],
    ["100us", 0.1],
    ["3µs", 0.003],
    ["-2s", -2000],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBeCloseTo(ms, 9));

  it.each(["", "5", "s", "5 s", "5sec", "1m-5s", "NaNs", "--1s", "1e3s"])("refuses %j", (text) =>
    expect(parseDuration(text)).toBe(undefined),
  );

  it("writes what it reads", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 6);
      }),
    );
  });

  it("tells what to write instead", () => {
    const { error } = durationField().safeParse("5");
    expect(error?.issues[0]?.message).toBe('"5" is not a duration; write a number and a unit, such as 200ms, 5s or 1m30s');
    expect(durationField().safeParse("-5s").success).toBe(false);
    expect(durationField().parse("1m")).toBe(60_000);
  });
});
