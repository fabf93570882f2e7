import { parseArgs } from "node:util";
import { nearest } from "@tidemark/config";
import { UsageError } from "./io.ts";

/** An option of a command. Options with a `value` take one; the others are switches. */
export interface OptionSpec {
  readonly value?: string;
  readonly short?: string;
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
  readonly description: string;
}

/** The arguments of a command, checked. */
export interface ParsedArguments {
  /** Values of `--config` and plain arguments, in the order in which they were given. */
  readonly sources: readonly string[];
  /** The plain arguments alone. */
  readonly positionals: readonly string[];
  readonly sets: readonly string[];
  /** The last value of an option that takes one. */
  value(name: string): string | undefined;
  /** All values of an option that may be repeated. */
  all(name: string): readonly string[];
  has(name: string): boolean;
}

/**
 * Reads the arguments of a command.
 * @throws UsageError for what the command does not know.
 */
export function parseArguments(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
  takesFiles: boolean,
): ParsedArguments {
  const declared = Object.fromEntries(
    Object.entries(options).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: true, ...(short === undefined ? {} : { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options: declared, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const sources: string[] = [];
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (!takesFiles) throw new UsageError(`unexpected argument "${token.value}"`);
      sources.push(token.value);
      positionals.push(token.value);
    } else if (token.kind === "option") {
      const value = checkOption(token, options);
      values.set(token.name, [...(values.get(token.name) ?? []), value]);
      if (token.name === "config") sources.push(value);
    }
  }
  return {
    sources,
    positionals,
    sets: values.get("set") ?? [],
    value: (name) => values.get(name)?.at(-1),
    all: (name) => values.get(name) ?? [],
    has: (name) => values.has(name),
  };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

function checkOption({ name, rawName, value }: OptionToken, options: Readonly<Record<string, OptionSpec>>): string {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const meant = nearest(name, Object.keys(options));
    throw new UsageError(`unknown option ${rawName}${meant === undefined ? "" : `; did you mean --${meant}?`}`);
  }
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`option ${rawName} takes no value`);
    return "";
  }
  if (value === undefined || value === "") throw new UsageError(`option ${rawName} needs a value: ${rawName} ${option.value}`);
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw new UsageError(`option ${rawName} is one of ${option.choices.join(", ")}; "${value}" is not`);
  }
  return value;
}
