import { describe, expect, it } from "vitest";
import { goRegExp, groupNames } from "./go-regexp.ts";

describe("regular expressions in Go's syntax", () => {
  it.each([
    ["^a.c$", "abc", true],
    ["b", "abc", true],
    ["(?i)ABC", "xabcx", true],
    ["(?s)a.c", "a\nc", true],
    ["a.c", "a\nc", false],
    ["\\Aabc\\z", "abc", true],
    ["\\Aabc\\z", "abcd", false],
    ["\\\\A", "\\A", true],
    ["^(?P<x>\\d+)-(?P<y>\\w+)$", "12-ab", true],
    ["\\pL+", "é", true],
    ["a\\-b", "a-b", true],
  ])("%s on %j: %s", (pattern, text, expected) => {
    expect(goRegExp(pattern).test(text)).toBe(expected);
  });

  it.each(["(", "[a", "a**", "(?U)a+"])("are refused when broken: %s", (pattern) => {
    expect(() => goRegExp(pattern)).toThrow(SyntaxError);
  });

  it.each([
    ["(?P<a>x)(?<b>y)(?:z)", ["a", "b"]],
    ["(x)(?P<b>y)", ["", "b"]],
    ["\\((?P<a>[(]x)", ["a"]],
    ["x", []],
  ])("name their groups: %s", (pattern, names) => {
    expect(groupNames(pattern)).toEqual(names);
  });
});
