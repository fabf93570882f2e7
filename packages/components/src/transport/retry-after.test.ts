import { describe, expect, it } from "vitest";
import { formatRetryAfter, parseRetryAfter } from "./retry-after.ts";

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    [" 7 ", 7000],
    ["Thu, 09 Oct 2025 08:54:40 GMT", 80_000],
    ["Thu, 09 Oct 2025 08:00:00 GMT", 0],
    ["-3", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s", (retryAfter, expected) => {
    expect(parseRetryAfter({ retryAfter, date: undefined }, 1_760_000_000_000)).toBe(expected);
    expect(parseRetryAfter({ retryAfter, date: "nonsense" }, 1_760_000_000_000)).toBe(expected);
  });

  it("is by the clock of who said it: one that is three days ahead does not stop a queue for three days", () => {
    const answer = { retryAfter: "Sun, 12 Oct 2025 08:54:40 GMT", date: "Sun, 12 Oct 2025 08:54:35 GMT" };
    expect(parseRetryAfter(answer, 1_760_000_000_000)).toBe(5000);
  });

  it("is written in whole seconds, never too early", () => {
    expect([0, 1, 1000, 1001].map(formatRetryAfter)).toEqual(["1", "1", "1", "2"]);
  });
});
