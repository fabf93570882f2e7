import { describe, expect, it } from "vitest";
import { parseArguments, type OptionSpec } from "./arguments.ts";

const OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: { value: "FILE", repeatable: true, description: "" },
  set: { value: "KEY=VALUE", repeatable: true, description: "" },
  format: { value: "FORMAT", choices: ["text", "json"], description: "" },
  help: { short: "h", description: "" },
};

describe("parseArguments", () => {
  it("keeps files and --config in their order", () => {
    const args = parseArguments(
      ["a.yaml", "--config", "b.yaml", "--set", "x.y=1", "--config=c.yaml", "--set", "z=a=b", "--", "-d.yaml"],
      OPTIONS,
      true,
    );
    expect(args.sources).toEqual(["a.yaml", "b.yaml", "c.yaml", "-d.yaml"]);
    expect(args.sets).toEqual(["x.y=1", "z=a=b"]);
    expect(args.has("help")).toBe(false);
  });

  it.each([
    [["--confg", "x"], "unknown option --confg; did you mean --config?"],
    [["--zzzzzz"], "unknown option --zzzzzz"],
    [["-x"], "unknown option -x"],
    [["--constructor"], "unknown option --constructor"],
    [["--config"], "option --config needs a value: --config FILE"],
    [["--config="], "option --config needs a value: --config FILE"],
    [["--help=1"], "option --help takes no value"],
    [["--format", "xml"], 'option --format is one of text, json; "xml" is not'],
  ])("%j: %s", (args, message) => {
    expect(() => parseArguments(args, OPTIONS, true)).toThrow(new RegExp(`^${message.replace(/[.?]/g, "\\$&")}$`));
  });

  it("refuses files where there is no place for them", () => {
    expect(() => parseArguments(["a.yaml"], OPTIONS, false)).toThrow('unexpected argument "a.yaml"');
  });
});
