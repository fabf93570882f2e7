import { afterEach, describe, expect, it, vi } from "vitest";
import { startNode } from "./child.ts";
import { readOptions } from "./script-options.ts";

const SCRIPT = {
  command: "npm run try --",
  about: "Tries something.",
  options: {
    minutes: { value: "N", default: "12", about: "How long." },
    scenario: { value: "NAME", about: "Only this one." },
    write: { about: "Keep the results." },
  },
} as const;

const printed = vi.spyOn(console, "log").mockImplementation(() => {});
const complained = vi.spyOn(console, "error").mockImplementation(() => {});
afterEach(() => vi.clearAllMocks());

describe("readOptions", () => {
  it("gives what was said, and defaults", () => {
    expect(readOptions(SCRIPT, [])).toEqual({ minutes: "12", write: false });
    expect(readOptions(SCRIPT, ["--minutes", "0.5", "--scenario", "a", "--write"])).toEqual({ minutes: "0.5", scenario: "a", write: true });
  });

  it("prints the usage", () => {
    expect(readOptions(SCRIPT, ["--help"])).toBe(0);
    expect(readOptions(SCRIPT, ["-h", "--write"])).toBe(0);
    expect(printed.mock.calls[0]?.[0]).toBe(`Usage: npm run try -- [options]

Tries something.

  --minutes N      How long. [12]
  --scenario NAME  Only this one.
  --write          Keep the results.
  -h, --help       Show this.`);
  });

  it.each([
    [["--minute", "1"], "Unknown option '--minute'."],
    [["--minutes"], "Option '--minutes <value>' argument missing."],
    [["--write=1"], "Option '--write' does not take an argument."],
    [["more"], "Unexpected argument 'more'."],
    [["--minutes", "long"], '--minutes takes a number, not "long".'],
  ])("tells a mistake in one line: %j", (args, text) => {
    expect(readOptions(SCRIPT, args)).toBe(2);
    expect(complained.mock.calls).toEqual([[`${text} "npm run try -- --help" shows the options.`]]);
  });
});

describe.each(["chaos/chaos.ts", "fuzz/fuzz.ts", "simulation/simulate.ts"])("%s", (file) => {
  it("shows its usage, and does not start with an option that it does not have", async () => {
    const help = startNode([`test/${file}`, "--help"]);
    const wrong = startNode([`test/${file}`, "--nonsense"]);
    expect([await help.ended, await wrong.ended]).toEqual([0, 2]);
    expect(help.lines[0]).toMatch(/^Usage: npm run (chaos|fuzz|simulate) -- /);
    expect(wrong.lines).toEqual([expect.stringContaining("Unknown option '--nonsense'.")]);
  }, 20_000);
});
