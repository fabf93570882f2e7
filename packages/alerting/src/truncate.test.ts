import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { truncateUtf8, utf8Length } from "./truncate.ts";

const bytes = (text: string): number => new TextEncoder().encode(text).length;

describe("truncateUtf8", () => {
  it.each([
    ["abcdef", 6, "abcdef"],
    ["abcdef", 5, "ab…"],
    ["告警触发", 12, "告警触发"],
    ["告警触发", 11, "告警…"],
    ["告警触发", 8, "告…"],
    ["a😀b", 6, "a😀b"],
    ["a😀bc", 6, "a…"],
    ["abc", 2, "ab"],
    ["告", 2, ""],
    ["abc", 0, ""],
  ])("cuts %j at %i bytes to %j", (text, max, expected) => {
    expect(truncateUtf8(text, max)).toBe(expected);
  });

  it("never exceeds the limit, never breaks a character, and is the text itself when it fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 40 }), (text, max) => {
        const cut = truncateUtf8(text, max);
        expect(bytes(cut)).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
        if (bytes(text) <= max) expect(cut).toBe(text);
        else expect(text.startsWith(cut.replace(/…$/, ""))).toBe(true);
      }),
    );
  });

  it("measures UTF-8 as the encoder does, broken UTF-16 included", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        const text = String.fromCharCode(...units);
        expect(utf8Length(text)).toBe(bytes(text));
      }),
    );
  });
});
