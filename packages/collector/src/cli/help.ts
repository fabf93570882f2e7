import { VERSION } from "../version.ts";
import type { OptionSpec } from "./arguments.ts";
import { HELP_OPTION, type Command } from "./command.ts";

const EXIT_CODES = "Exit codes: 0 success, 1 failure while running, 2 mistake in the command line or the configuration.";

/** The help of the program. */
export function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `tidemark ${VERSION}: an OpenTelemetry pipeline whose alerts carry their evidence`,
    "",
    "Usage: tidemark COMMAND [options]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "  tidemark COMMAND --help   options of a command",
    "  tidemark --version        version of the program",
    "",
    EXIT_CODES,
    "",
  ].join("\n");
}

/** The help of one command. */
export function commandHelp({ name, usage, summary, details, options }: Command): string {
  const rows = Object.entries({ ...options, ...HELP_OPTION }).map(
    ([option, spec]) => [optionLabel(option, spec), spec.description] as const,
  );
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `Usage: tidemark ${name} ${usage}`.trimEnd(),
    "",
    summary,
    ...(details === "" ? [] : [details]),
    "",
    "Options:",
    ...rows.map(([label, description]) => `  ${label.padEnd(width)}  ${description}`),
    "",
    EXIT_CODES,
    "",
  ].join("\n");
}

function optionLabel(name: string, { value, short, repeatable, choices }: OptionSpec): string {
  const what = choices === undefined ? value : choices.join("|");
  return `${short === undefined ? "" : `-${short}, `}--${name}${what === undefined ? "" : ` ${what}`}${repeatable === true ? " …" : ""}`;
}
