import { describe, expect, it } from "vitest";
import { findings } from "./judge.ts";
import type { Moment, OverloadResult } from "./run-overload.ts";

const PHASE = { sent: 0, unsent: 0, acknowledged: 0, refused: {}, notRetryable: 0, withoutTime: 0, latencyMs: { p50: 0, p99: 0, max: 0 } };

/** 10,000 items a second: 25 requests of 100 items in each quarter of a second; in `slow` intervals after the load's end some are refused, or too many wait. */
function result(slow: number, memory: (index: number) => number = () => 100, trouble: Partial<Moment> = { refused: 1 }): OverloadResult {
  const moments = Array.from({ length: 80 }, (_, index): Moment => {
    const phase = index < 40 ? 0 : 1;
    const now = index < 40 + slow ? trouble : {};
    return { at: (index + 1) * 250, phase, sent: 25, acknowledged: 25, refused: 0, open: 0, residentMB: memory(index), ...now };
  });
  const report = { phases: [PHASE, PHASE], ranges: [], bytesPerRequest: 0 };
  return { sustainable: 10_000 / 0.9, moments, report, acknowledged: 1, lost: 0, doubled: 0, exitCode: 0 };
}

function verdict(what: string, of: OverloadResult): readonly [string, boolean] {
  const found = findings(of).find((each) => each.what.startsWith(what));
  return [found?.got ?? "", found?.good ?? false];
}

describe("findings", () => {
  it("takes the time until nothing is refused and nobody waits for long", () => {
    expect(verdict("full rate", result(0))).toEqual(["0.00 s", true]);
    expect(verdict("full rate", result(6))).toEqual(["1.50 s", true]);
    expect(verdict("full rate", result(12))).toEqual(["3.00 s", false]);
    expect(
      verdict(
        "full rate",
        result(6, () => 100, { open: 101 }),
      ),
    ).toEqual(["1.50 s", true]);
    expect(
      verdict(
        "full rate",
        result(6, () => 100, { open: 99 }),
      ),
    ).toEqual(["0.00 s", true]);
    expect(verdict("full rate", result(40))).toEqual(["never", false]);
  });

  it("sees memory that grows or passes its budget", () => {
    expect(
      verdict(
        "resident memory flat",
        result(0, (index) => 100 + index),
      )[1],
    ).toBe(false);
    expect(verdict("resident memory flat", result(0))[1]).toBe(true);
    expect(
      verdict(
        "resident memory under",
        result(0, () => 400),
      )[1],
    ).toBe(false);
  });
});
