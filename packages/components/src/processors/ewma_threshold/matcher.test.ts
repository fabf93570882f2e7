import { describe, expect, it } from "vitest";
import { globs } from "./matcher.ts";

describe("patterns with * and ?", () => {
  it.each([
    [["http.*"], "http.server.duration", true],
    [["http.*"], "xhttp.server", false],
    [["a?c"], "a\nc", true],
    [["a?c"], "a😀c", true],
    [["a?c"], "ac", false],
    [["a+(b)[c]{1}$^|\\"], "a+(b)[c]{1}$^|\\", true],
    [["a", "b"], "b", true],
    [["a.c"], "abc", false],
    [[], "a", false],
  ])("%j on %j: %s", (patterns, name, expected) => {
    expect(globs(patterns)(name)).toBe(expected);
  });

  it("are quick on long names", () => {
    const before = process.cpuUsage();
    expect(globs(["*a*a*a*a*a*a*b"])("a".repeat(2000))).toBe(false);
    // Going back and trying again would take years.
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
