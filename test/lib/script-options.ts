import { parseArgs } from "node:util";

/** One option of a script: with `value` it takes one, without it is a flag. */
export interface ScriptOption {
  /** What it takes, as the usage shows it; `N` must be a number. */
  readonly value?: string;
  readonly default?: string;
  readonly about: string;
}

/** The options that were given, or their defaults. */
export type ScriptValues<T extends Readonly<Record<string, ScriptOption>>> = {
  readonly [K in keyof T]: T[K] extends { readonly value: string }
    ? T[K] extends { readonly default: string }
      ? string
      : string | undefined
    : boolean;
};

/** A script of this repository, as `npm run NAME` starts it. */
export interface Script<T extends Readonly<Record<string, ScriptOption>>> {
  /** How it is started, up to its options: `npm run NAME --`. */
  readonly command: string;
  /** Sentences that stand before the options. */
  readonly about: string;
  readonly options: T;
}

/**
 * Reads the command line of a script. Gives the exit code when there is nothing more to do: 0 after `--help` has printed the usage, 2
 * after a mistake, which it has told in one line.
 */
export function readOptions<const T extends Readonly<Record<string, ScriptOption>>>(
  { command, about, options }: Script<T>,
  args: readonly string[],
): ScriptValues<T> | number {
  const mistake = (text: string): number => {
    console.error(`${text} "${command} --help" shows the options.`);
    return 2;
  };
  let values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  try {
    const known = Object.entries<ScriptOption>(options).map(([key, option]) => [key, parsed(option)] as const);
    ({ values } = parseArgs({ args: [...args], options: { ...Object.fromEntries(known), help: { type: "boolean", short: "h" } } }));
  } catch (caught) {
    const [first = ""] = (caught as Error).message.split(/\. |\n/);
    return mistake(first.endsWith(".") ? first : `${first}.`);
  }
  if (values["help"] === true) {
    console.log(usage({ command, about, options }));
    return 0;
  }
  for (const [key, { value }] of Object.entries<ScriptOption>(options)) {
    const given = values[key];
    if (value === "N" && typeof given === "string" && !/^\d+(\.\d+)?$/.test(given))
      return mistake(`--${key} takes a number, not "${given}".`);
  }
  return values as ScriptValues<T>;
}

function parsed({ value, default: standard }: ScriptOption): { type: "string"; default?: string } | { type: "boolean"; default: boolean } {
  if (value === undefined) return { type: "boolean", default: false };
  return standard === undefined ? { type: "string" } : { type: "string", default: standard };
}

function usage({ command, about, options }: Script<Readonly<Record<string, ScriptOption>>>): string {
  const rows = Object.entries(options).map(([key, { value, about: text, default: standard }]) => [
    `--${key}${value === undefined ? "" : ` ${value}`}`,
    `${text}${standard === undefined ? "" : ` [${standard}]`}`,
  ]);
  const all = [...rows, ["-h, --help", "Show this."]];
  const width = Math.max(...all.map(([head = ""]) => head.length)) + 2;
  const lines = all.map(([head = "", text = ""]) => `  ${head.padEnd(width)}${text}`);
  return [`Usage: ${command} [options]`, "", about, "", ...lines].join("\n");
}
