import { describe, expect, it } from "vitest";
import { parseSeverity, SEVERITIES, severityFromNumber, severityLevel, severityNumber } from "./severity.ts";

describe("the severity scale", () => {
  it("rises with OTLP severity numbers, and reads them back", () => {
    for (const [i, severity] of SEVERITIES.entries()) {
      expect(severityLevel(severity)).toBe((i + 1) * 10);
      expect(severityFromNumber(severityNumber(severity))).toBe(severity);
    }
    expect(SEVERITIES.map(severityNumber)).toEqual(SEVERITIES.map(severityNumber).toSorted((a, b) => a - b));
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
