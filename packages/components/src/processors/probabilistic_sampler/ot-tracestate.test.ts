import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_OT, formatOtValue, formatTraceState, parseOtValue, parseTraceState, withThreshold } from "./ot-tracestate.ts";
import { ALWAYS, bitsFromHex, thresholdOf } from "./threshold.ts";

// oteltracestate_test.go of the Collector's pkg/sampling: [value, rv, th, extra] or [value, problem].
const GOOD: readonly (readonly [string, string, string, readonly string[]])[] = [
  ["th:2", "", "2", []],
  ["th:ab", "", "ab", []],
  ["th:abcdefabcdefab", "", "abcdefabcdefab", []],
  ["th:1000", "", "1000", []],
  ["e100:1", "", "", ["e100:1"]],
  ["e1:1;e2:2", "", "", ["e1:1", "e2:2"]],
  ["th:2;extra:stuff", "", "2", ["extra:stuff"]],
  ["extra:stuff;th:2", "", "2", ["extra:stuff"]],
  ["e100:100;th:1;e101:101", "", "1", ["e100:100", "e101:101"]],
  ["th:1;e100:100;e101:101", "", "1", ["e100:100", "e101:101"]],
  ["e100:100;e101:101;th:1", "", "1", ["e100:100", "e101:101"]],
  ["x:1;u:V", "", "", ["x:1", "u:V"]],
  ["rv:22222222222222;extra:stuff", "22222222222222", "", ["extra:stuff"]],
  ["extra:stuff;rv:22222222222222", "22222222222222", "", ["extra:stuff"]],
  ["rv:ffffffffffffff", "ffffffffffffff", "", []],
  ["x:", "", "", ["x:"]],
  ["x:0X1FFF;y:.-_-.;z:", "", "", ["x:0X1FFF", "y:.-_-.", "z:"]],
  ["x1y2z3:1-2-3;y1:y_1;xy:-;th:50", "", "50", ["x1y2z3:1-2-3", "y1:y_1", "xy:-"]],
  [`x:${"_".repeat(254)}`, "", "", [`x:${"_".repeat(254)}`]],
];

const BAD: readonly (readonly [string, string])[] = [
  ["", "syntax"],
  ["th:1;", "syntax"],
  ["th:1=p:2", "syntax"],
  ["th:1;p:2=s:3", "syntax"],
  [":1;p:2=s:3", "syntax"],
  [":;p:2=s:3", "syntax"],
  [":;:", "syntax"],
  [":", "syntax"],
  ["th:;p=1", "syntax"],
  ["th:$", "syntax"],
  ["th:0x1p+3", "syntax"],
  ["th:14.5", "syntax"],
  ["th:-1", "syntax"],
  ["th:", "syntax"],
  ["1:1;u:V", "syntax"],
  ["X:1;u:V", "syntax"],
  ["x:1;", "syntax"],
  ["th:ffffffffffffffff", "threshold"],
  ["th:100000000000000", "threshold"],
  ["rv:3", "randomness"],
  ["rv:100000000000000", "randomness"],
  ["rv:fffffffffffffffff", "randomness"],
  [`x:${"_".repeat(255)}`, "size"],
];

describe("parseOtValue", () => {
  it.each(GOOD)("reads %s", (value, rv, th, extra) => {
    expect(parseOtValue(value)).toMatchObject({ rv, th, extra });
  });

  it.each(BAD)("rejects %s", (value, problem) => {
    expect(parseOtValue(value)).toBe(problem);
  });

  it("survives any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseTraceState(text);
        if (typeof parsed !== "string") expect(parseTraceState(formatTraceState(parsed) ?? "")).toEqual(parsed);
      }),
    );
  });
});

describe("formatOtValue", () => {
  it.each([
    ["rv:10000000000000;th:3;a:b;c:d", "rv:10000000000000;th:3;a:b;c:d"],
    ["a:b;rv:12341234123412;th:1234", "rv:12341234123412;th:1234;a:b"],
    ["th:0", "th:0"],
  ])("writes %s as %s", (value, expected) => {
    const ot = parseOtValue(value);
    expect(typeof ot === "string" ? ot : formatOtValue(ot)).toBe(expected);
  });

  it.each([
    ["th:8", 2 / 16, "th:e"],
    ["th:0", 1 / 16, "th:f"],
    ["th:0", 2 ** -56, "th:ffffffffffffff"],
    ["th:555", 0x555 / 2 ** 12, "th:aab"],
    ["rv:abcdefabcdefab", 1 - 3 / 16, "rv:abcdefabcdefab;th:3"],
  ])("updates %s to probability %d", (value, probability, expected) => {
    const ot = parseOtValue(value);
    expect(typeof ot === "string" ? ot : formatOtValue(withThreshold(ot, thresholdOf(probability)))).toBe(expected);
  });

  it("removes the threshold and keeps the rest", () => {
    const ot = parseOtValue("a:b;rv:12341234123412;th:1234");
    expect(typeof ot === "string" ? ot : formatOtValue(withThreshold(ot, undefined))).toBe("rv:12341234123412;a:b");
  });

  it("writes nothing that is longer than 256 characters", () => {
    expect(formatOtValue({ ...EMPTY_OT, extra: [`x:${"y".repeat(251)}`], th: "0" })).toBeUndefined();
  });
});

describe("parseTraceState", () => {
  it("does not take a monster apart", () => {
    expect(parseTraceState("a=,".repeat(5000))).toHaveProperty("others");
    expect(parseTraceState("a=,".repeat(6000))).toBe("size");
  });
});

describe("formatTraceState", () => {
  it("puts the changed member first and keeps those of others", () => {
    const state = parseTraceState("congo=t61, ot=a:b,rojo=00f067aa0ba902b7");
    expect(typeof state === "string" ? state : formatTraceState({ ...state, ot: withThreshold(state.ot, ALWAYS) })).toBe(
      "ot=th:0;a:b,congo=t61,rojo=00f067aa0ba902b7",
    );
  });

  it("lets the last member fall off when there would be 33", () => {
    const others = Array.from({ length: 32 }, (_, index) => `v${index}=1`);
    const text = formatTraceState({ ot: withThreshold(EMPTY_OT, bitsFromHex("80000000000000")), others }) ?? "";
    expect(text.split(",")).toHaveLength(32);
    expect(text).not.toContain("v31=");
  });
});
