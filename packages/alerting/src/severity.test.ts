import { describe, expect, it } from "vitest";
import { parseSeverity, severityFromNumber, severityLevel, severityNumber } from "./severity.ts";
import type { Severity } from "./severity.ts";

const ALL: readonly Severity[] = ["info", "low", "warning", "high", "critical", "emergency"];

describe("the severity scale", () => {
  it("rises with OTLP severity numbers, and reads them back", () => {
    for (const [i, severity] of ALL.entries()) {
      expect(severityLevel(severity)).toBe((i + 1) * 10);
      expect(severityFromNumber(severityNumber(severity))).toBe(severity);
    }
    expect(ALL.map(severityNumber)).toEqual(ALL.map(severityNumber).toSorted((a, b) => a - b));
  });

  it.each([
    ["medium", "warning"],
    ["Yellow", "warning"],
    ["orange", "high"],
    ["red", "critical"],
    ["严重", "critical"],
    ["警告", "warning"],
    ["提醒", "info"],
    ["高危", "high"],
    ["普通", "warning"],
    ["归档", "info"],
    ["P0", "critical"],
    ["p2", "warning"],
    [" emergency ", "emergency"],
  ])("reads %s as %s", (word, severity) => {
    expect(parseSeverity(word)).toBe(severity);
  });

  it("does not guess", () => {
    expect(parseSeverity("sev9")).toBeUndefined();
    expect(parseSeverity("constructor")).toBeUndefined();
  });
});
