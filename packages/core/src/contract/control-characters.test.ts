import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeControls, replaceControls } from "./control-characters.ts";

const MIXED = fc.string({
  unit: fc.constantFrom("a", " ", "\\", "é", "😀", "\u0000", "\t", "\n", "\r", "\u001b", "\u007f", "\u009b", "\u2028", "\u2029"),
});

describe("control characters", () => {
  it("are replaced by runs, and nothing else is", () => {
    expect(replaceControls("a\r\n\u001b[31m é\u2028\u009b2J", () => " ")).toBe("a [31m é 2J");
    expect(replaceControls("a\r\nb", (controls) => " ".repeat(controls.length))).toBe("a  b");
  });

  it("are shown, but for those that are kept", () => {
    expect(escapeControls("a\u001b[2J\u0085\u2029\u007f\n\tb")).toBe("a\\u001b[2J\\u0085\\u2029\\u007f\\u000a\\u0009b");
    expect(escapeControls("\u0000\n\tb", "\n\t")).toBe("\\u0000\n\tb");
  });

  it("are in no text after that", () => {
    fc.assert(
      fc.property(MIXED, (text) => {
        const unsafe = /[\p{Cc}\u2028\u2029]/u;
        expect(escapeControls(text)).not.toMatch(unsafe);
        expect(replaceControls(text, () => "")).not.toMatch(unsafe);
      }),
    );
  });
});
