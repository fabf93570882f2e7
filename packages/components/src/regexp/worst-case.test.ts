import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GoRegExp } from "./go-regexp.ts";
import { readPattern } from "./pattern-reader.ts";
import type { PatternNode } from "./pattern-tree.ts";
import { safeLength, worstSteps } from "./worst-case.ts";

type Rest = (at: number) => boolean;

/** The steps that an engine takes that goes back and tries again: one for each look at a character or place. */
function stepsOn(root: PatternNode, text: string): number {
  let steps = 0;
  const match = (node: PatternNode, at: number, rest: Rest): boolean => {
    switch (node.kind) {
      case "char": {
        steps++;
        const code = text.codePointAt(at) ?? -1;
        return new RegExp(`^${node.source}$`, "v").test(text.charAt(at)) && code >= 0 && rest(at + 1);
      }
      case "place":
        steps++;
        return (node.at === "start" ? at === 0 : node.at === "end" ? at === text.length : true) && rest(at);
      case "choice":
        return node.branches.some(({ parts }) => inOrder(parts, at, rest));
      case "repeat": {
        const turn = (count: number, from: number): boolean => {
          const again = (): boolean => count < node.max && match(node.body, from, (to) => turn(count + 1, to));
          const enough = (): boolean => count >= node.min && rest(from);
          return node.lazy ? enough() || again() : again() || enough();
        };
        return turn(0, at);
      }
    }
  };
  const inOrder = (parts: readonly PatternNode[], at: number, rest: Rest): boolean => {
    const [first, ...others] = parts;
    return first === undefined ? rest(at) : match(first, at, (to) => inOrder(others, to, rest));
  };
  for (let at = 0; at <= text.length; at++) if (match(root, at, () => true)) break;
  return steps;
}

const piece = fc.constantFrom(
  ..."a b [ab] [^a] a* b* [ab]* [^b]+ a+? a? b?? a{2} [ab]{1,3} (a|b) (?:a*|b) (?:ab)* (ab?)? (?:a|ab)? ^ $ \\b |".split(" "),
);
const pattern = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(""));
const text = fc
  .tuple(fc.constantFrom("a", "b", "ab", "aab", "abb", "c"), fc.nat(24), fc.constantFrom("", "a", "b", "c"))
  .map(([unit, times, end]) => unit.repeat(times) + end);

describe("the bound on steps", () => {
  it("is never passed", () => {
    let most = 0;
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        const root = readPattern(source)?.root;
        if (root === undefined) return;
        const share = stepsOn(root, subject) / worstSteps(root, subject.length);
        most = Math.max(most, share);
        expect(share).toBeLessThanOrEqual(1);
      }),
      { numRuns: 5000 },
    );
    expect(most).toBeGreaterThan(0.2);
  });

  it.each([
    ["^GET /api/.*", 65536],
    ["^https?://(?P<host>[^/]+)/(?P<path>.*)$", 65536],
    ["^(?:GET|POST) ", 65536],
    ["\\w+@", 247],
    ["foo.*bar", 121],
    ["a.*b.*c.*d", 0],
    [`${"a?".repeat(20)}${"a".repeat(20)}`, 0],
  ])("lets V8 have texts that are safe: %s up to %i", (source, length) => {
    const root = readPattern(source)?.root;
    expect(root && safeLength(root)).toBe(length);
  });

  it.each(["(a+)+", "(a|ab)*", "(?:a*b)*", "(a*)?", "a**", "(?m)^a", "(?U)a+", "\\pL", "a{1001}"])("leaves %s to RE2", (source) => {
    expect(readPattern(source)).toBeUndefined();
  });
});

describe("evil patterns", () => {
  it.each([
    ["^(\\w+\\s?)*$", "a"],
    ["(a+)+$", "a"],
    ["(a|aa)+$", "a"],
    [".*.*.*=.*", "a"],
    [`${"a?".repeat(25)}${"a".repeat(25)}$`, "a"],
    ["^(?P<x>.*),(?P<y>.*),(?P<z>.*);$", ","],
    ["(?i)(x+x+)+y", "x"],
  ])("are quick on long texts: %s", (source, unit) => {
    const expression = new GoRegExp(source);
    const before = process.cpuUsage();
    for (const length of [27, 100, 255, 256, 5000]) {
      expect(expression.test(`${unit.repeat(length)}!`)).toBe(false);
      expect(expression.exec(`${unit.repeat(length)}!`)).toBeUndefined();
    }
    // A machine that is slow or busy takes a tenth of this; going back and trying again, longer than anybody waits.
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
