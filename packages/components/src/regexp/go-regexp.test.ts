import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { GoRegExp, goRegExpFault } from "./go-regexp.ts";
import { readPattern } from "./pattern-reader.ts";

const LONG = "-".repeat(1 << 17);

describe("regular expressions in Go's syntax", () => {
  const rows: readonly [pattern: string, text: string, expected: boolean][] = [
    ["^a.c$", "abc", true],
    ["b", "abc", true],
    ["(?i)ABC", "xabcx", true],
    ["(?s)a.c", "a\nc", true],
    ["a.c", "a\nc", false],
    ["a.c", "a\u2028c", true],
    ["(?m)^b$", "a\nb\nc", true],
    ["(?m)^b$", "a\rb\rc", false],
    ["b$", "b\n", false],
    ["a(?i:B)c", "abc", true],
    ["a(?i:B)c", "Abc", false],
    ["\\Aabc\\z", "abc", true],
    ["\\Aabc\\z", "abcd", false],
    ["\\\\A", "\\A", true],
    ["\\Qa.b\\E+", "a.bb", true],
    ["\\Qa.b\\E", "axb", false],
    ["^(?P<x>\\d+)-(?P<y>\\w+)$", "12-ab", true],
    ["\\pL+", "é", true],
    ["^\\p{Greek}+$", "λόγος", true],
    ["^[[:alpha:]]+$", "abc", true],
    ["^[[:alpha:]]+$", "abç", false],
    ["^[[:^alpha:]]+$", "12", true],
    ["^\\w+$", "é", false],
    ["^\\s+$", "\u00a0", false],
    ["^\\s$", "\v", false],
    ["a\\-b", "a-b", true],
    ["^\\x41\\x{1F600}\\t$", "A😀\t", true],
    ["^.{2}$", "😀😀", true],
    ["[^a]$", "😀", true],
    ["\\B", "a😀a", false],
    ["a{,2}", "a{,2}", true],
    ["^[]a]+$", "a]", true],
  ];

  it.each(rows)("%s on %j: %s", (pattern, text, expected) => {
    expect(new GoRegExp(pattern).test(text)).toBe(expected);
  });

  it.each(rows.filter(([pattern]) => !/^\^|\$$|\\z$|\\A|\\B/.test(pattern)))("%s on a long text with %j: %s", (pattern, text, expected) => {
    expect(new GoRegExp(pattern).test(LONG + text + LONG)).toBe(expected);
  });

  it("take the shortest first with the flag U", () => {
    expect(new GoRegExp("(?U)a+").exec("aaa")).toEqual(expect.objectContaining(["a"]));
  });

  it.each([
    ["(?P<a>x)(?<b>y)(?:z)", ["a", "b"]],
    ["(x)(?P<b>y)", ["", "b"]],
    ["\\((?P<a>[(]x)", ["a"]],
    ["(?P<a>(?P<b>x+)+)(y)", ["a", "b", ""]],
    ["(?P<b>x)|(?P<1>(?m)y)", ["b", "1"]],
    ["x", []],
  ])("name their groups: %s", (pattern, names) => {
    expect(new GoRegExp(pattern).groupNames).toEqual(names);
  });

  it.each(["(?P<a>b+)(?P<b>c)?(d)?", "(?P<a>(?:b)+)(?P<b>c)?(d)*?(?m)"])("give groups, also on long texts: %s", (pattern) => {
    for (const around of ["", LONG]) {
      const match = new GoRegExp(pattern).exec(`${around}bbx${around}`) ?? [];
      expect([...match]).toEqual(["bb", "bb", undefined, undefined]);
    }
    expect(new GoRegExp(pattern).exec(LONG)).toBeUndefined();
  });
});

describe("what Go refuses", () => {
  it.each([
    ["a(", "missing closing ): `a(`; close the group, or write \\( for the character"],
    ["ab)", "unexpected ): `ab)`; open the group, or write \\) for the character"],
    ["x[a", "missing closing ]: `[a` at character 2; close the class, or write \\[ for the character"],
    ["a**", "invalid nested repetition operator: `**` at character 2; correct the regular expression"],
    ["a{1001}", "invalid repeat count: `{1001}` at character 2; correct the regular expression"],
    [
      "(a)\\1",
      "invalid escape sequence: `\\1` at character 4; back-references are not part of Go's regular expressions; write the text again",
    ],
    [
      "a(?=b)",
      "invalid or unsupported Perl syntax: `(?=` at character 2; look-around is not part of Go's regular expressions; take it out, or leave items out by a second pattern",
    ],
    [
      "(?<!a)b",
      "invalid named capture: `(?<!a)b`; look-around is not part of Go's regular expressions; take it out, or leave items out by a second pattern",
    ],
    [
      "(?x) a",
      "invalid or unsupported Perl syntax: `(?x`; the flag x is not part of Go's regular expressions; write the pattern without blanks and comments",
    ],
    ["a\\Z", "invalid escape sequence: `\\Z` at character 2; write \\z"],
    ["\\u0041", "invalid escape sequence: `\\u`; write \\x{…}"],
    ["(?P<a>x)(?P<a>y)", "duplicate capture group name: `a`; give each group a name of its own"],
    ["a\\", "trailing backslash at end of expression; correct the regular expression"],
  ])("is refused: %s", (pattern, message) => {
    expect(goRegExpFault(pattern)).toBe(message);
    expect(() => new GoRegExp(pattern)).toThrow(new SyntaxError(message));
  });

  it("is nothing that is well", () => {
    expect(goRegExpFault("^(?P<a>x)")).toBeUndefined();
  });
});

/** Pieces of patterns, right and wrong. */
const PIECES = [
  ...Array.from("ab.^$|()[]{}*+?-,\\0:é😀K\n"),
  ..."\\d \\D \\w \\W \\s \\S \\b \\B \\A \\z \\. \\- \\n \\x41 \\pL (?: (?P<n> (?<m> [^ [a-c [[:alpha:]] [^\\d.] [^a] [b-] *? +? ?? {2} {1,2} {0,} {1,}? (?i) (?s) (?i: [^[:word:]k]".split(
    " ",
  ),
  "(a|b)",
  "(?:ab)+",
  "(|a)",
  "(a?b)?",
  "[^\\n]",
];
const pattern = fc.array(fc.constantFrom(...PIECES), { maxLength: 10 }).map((pieces) => pieces.join(""));
const flagged = fc.tuple(fc.constantFrom("", "", "(?i)", "(?s)", "(?is)"), pattern).map(([flags, rest]) => flags + rest);
const text = fc
  .array(fc.constantFrom(...Array.from("abcABkKſ_10 .-[]()\\\n\r\t\u2028\u212aéÉ😀")), { maxLength: 12 })
  .map((chars) => chars.join(""));

describe("the two engines", () => {
  it("agree on what a pattern is, and find the same match with the same groups", () => {
    let compared = 0;
    fc.assert(
      fc.property(flagged, fc.array(text, { minLength: 4, maxLength: 4 }), (source, texts) => {
        if (readPattern(source) === undefined) return;
        const re2 = RE2JS.compile(source);
        const expression = new GoRegExp(source);
        expect(expression.groupNames.length).toBe(re2.groupCount());
        for (const each of texts) {
          compared++;
          expect(expression.test(each)).toBe(re2.test(each));
          const match = re2.exec(each) as { readonly index: number } | null;
          const found = expression.exec(each) as unknown as { readonly index: number } | undefined;
          expect(found && [found.index, ...Array.from(found as unknown as string[])]).toEqual(
            match ? [match.index, ...Array.from(match as unknown as string[])] : undefined,
          );
        }
      }),
      { numRuns: 10_000 },
    );
    expect(compared).toBeGreaterThan(5000);
  });
});
