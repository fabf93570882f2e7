import type { OptionSpec, ParsedArguments } from "./arguments.ts";
import type { CliIo } from "./io.ts";

/** A command of `tidemark`: from it come its help and the check of its arguments. */
export interface Command {
  readonly name: string;
  /** What follows the name, such as `FILE…`. */
  readonly usage: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** More, for the command's own help. */
  readonly details: string;
  readonly takesFiles: boolean;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Resolves with the exit code. */
  run(args: ParsedArguments, io: CliIo): Promise<number>;
}

/** Options of every command that reads a configuration. */
export const CONFIG_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: {
    value: "FILE",
    repeatable: true,
    description: "A configuration: a file, env:NAME, yaml:TEXT, http(s)://… or etcd://…; later ones win.",
  },
  set: { value: "KEY=VALUE", repeatable: true, description: "One setting that wins over all files: --set processors.batch.timeout=2s" },
};

/** The option that every command has. */
export const HELP_OPTION: Readonly<Record<string, OptionSpec>> = { help: { short: "h", description: "Show this help." } };
