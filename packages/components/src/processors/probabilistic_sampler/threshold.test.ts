import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fnv1a32, hashThreshold } from "./hash-randomness.ts";
import { adjustedCount, bitsFromHex, bitsToHex, formatThreshold, parseThreshold, probabilityOf, thresholdOf } from "./threshold.ts";

const th = (probability: number, precision?: number): string | undefined => {
  const threshold = thresholdOf(probability, precision);
  return threshold === undefined ? undefined : formatThreshold(threshold);
};

describe("thresholdOf", () => {
  // probability_test.go and tracestate-probability-sampling.md.
  it.each([
    [1 / 3, 3, "aab"],
    [2 / 3, 3, "555"],
    [1, 3, "0"],
    [1 / 3, 14, "aaaaaaaaaaaaac"],
    [0.25, 4, "c"],
    [0.5, 4, "8"],
    [0.1, 4, "e666"],
    [0.01, 3, "fd71"],
    [0.01, 4, "fd70a"],
    [0.01, 5, "fd70a4"],
    [2 ** -56, 3, "ffffffffffffff"],
    [2 * 2 ** -56, 3, "fffffffffffffe"],
    [3 * 2 ** -56, 3, "fffffffffffffd"],
    [4 * 2 ** -56, 3, "fffffffffffffc"],
    [8 * 2 ** -56, 3, "fffffffffffff8"],
    [16 * 2 ** -56, 3, "fffffffffffff"],
    [15 / 16, 14, "1"],
    [1 / 16, 14, "f"],
  ])("writes %d with %d digits as %s", (probability, precision, expected) => {
    expect(th(probability, precision)).toBe(expected);
  });

  it.each([
    [1 - 0x456789a / 2 ** 28, "456789a", ["45678a", "45679", "4568", "456", "45", "4"]],
    [1 - 0x456789a / 2 ** 40, "000456789a", ["00045678a", "00045679", "0004568", "000456", "00045", "0004"]],
    [1 - 0x789abcdef / 2 ** 40, "0789abcdef", ["0789abcdef", "0789abcdf", "0789abce", "0789abd", "0789ac", "0789b", "078a", "079", "08"]],
    [1 - 0x12345678 / 2 ** 32, "12345678", ["1234568", "123456", "12345", "1234", "123", "12", "1"]],
    [1 - 0x80801 / 2 ** 28, "0080801", ["00808", "008"]],
  ])("rounds %d (%s) to fewer digits", (probability, exact, rounded) => {
    expect(th(probability)).toBe(exact);
    for (const text of rounded) expect(th(probability, text.replace(/^0+/, "").length)).toBe(text);
  });

  it("steps through the doubles next to a power of two", () => {
    const half = [0.5, 0.5 - 2 ** -54, 0.5 - 2 ** -53, 0.5 - 3 * 2 ** -54];
    expect(half.map((p) => th(p))).toEqual(["8", "80000000000004", "80000000000008", "8000000000000c"]);
  });

  it.each([0, -1, 1.0001, 2 ** -57, Number.NaN])("has no threshold for %d", (probability) => {
    expect(thresholdOf(probability)).toBeUndefined();
  });

  it("comes back from probabilityOf within half a step of the 56-bit scale", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -56, max: 1, noNaN: true }), (probability) => {
        const threshold = thresholdOf(probability) ?? { high: 0, low: 0 };
        expect(Math.abs(probabilityOf(threshold) - probability)).toBeLessThanOrEqual(2 ** -57);
      }),
    );
  });
});

describe("thresholds as text", () => {
  it.each([
    ["c", 4],
    ["0", 1],
    ["8", 2],
    ["e", 8],
    ["f", 16],
    ["ffffffffffffff", 2 ** 56],
  ])("th:%s stands for %d items", (text, count) => {
    expect(adjustedCount(parseThreshold(text) ?? { high: 1, low: 1 })).toBe(count);
  });

  it("round-trips every 56-bit number", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }), (value) => {
        const hex = value.toString(16).padStart(14, "0");
        expect(bitsToHex(bitsFromHex(hex))).toBe(hex);
      }),
    );
  });
});

describe("the Collector's hash", () => {
  it("has its bucket for no bytes and for sixteen zero bytes", () => {
    expect(fnv1a32(new Uint8Array(0), 0) & 0x3fff).toBe(0x3515);
    expect(fnv1a32(new Uint8Array(16), 0) & 0x3fff).toBe(0x2455);
  });

  it.each([
    [100, "0"],
    [75, "4"],
    [50, "8"],
    [25, "c"],
    [10, "e668"],
    [100 / 3, "aaac"],
  ])("turns %d percent into a threshold of 14 bits", (percentage, expected) => {
    expect(formatThreshold(hashThreshold(percentage) ?? { high: 1, low: 1 })).toBe(expected);
  });

  it("has none for a percentage that rounds to no bucket", () => {
    expect(hashThreshold(0.001)).toBeUndefined();
  });
});
