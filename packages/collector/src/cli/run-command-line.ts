import { nearest } from "@tidemark/config";
import { VERSION } from "../version.ts";
import { parseArguments } from "./arguments.ts";
import { HELP_OPTION, type Command } from "./command.ts";
import { componentsCommand } from "./commands/components.ts";
import { dlqCommand } from "./commands/dlq.ts";
import { graphCommand } from "./commands/graph.ts";
import { ledgerCommand } from "./commands/ledger.ts";
import { planCommand } from "./commands/plan.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";
import { validateCommand } from "./commands/validate.ts";
import { commandHelp, programHelp } from "./help.ts";
import { EXIT, UsageError, type CliIo } from "./io.ts";

const COMMANDS: readonly Command[] = [
  runCommand,
  validateCommand,
  planCommand,
  dlqCommand,
  ledgerCommand,
  componentsCommand,
  schemaCommand,
  graphCommand,
];

/** Runs `tidemark` with the given arguments. Resolves with the exit code; throws only what is a defect of the program. */
export async function runCommandLine(args: readonly string[], io: CliIo): Promise<number> {
  const [first, ...rest] = args;
  if (first === "--version" || first === "-v" || first === "version") {
    io.stdout(`tidemark version ${VERSION}\n`);
    return EXIT.ok;
  }
  if (first === "--help" || first === "-h" || first === "help") return help(rest[0], io);
  if (first === undefined) {
    io.stderr(programHelp(COMMANDS));
    return EXIT.usage;
  }
  const command = commandOf(first);
  if (command === undefined) return unknownCommand(first, io);
  return runOne(command, first.startsWith("-") ? args : rest, io);
}

/** Whether these arguments are to run pipelines. */
export function startsPipelines([first]: readonly string[]): boolean {
  return first !== undefined && commandOf(first) === runCommand;
}

/** As in the Collector, options without a command run the pipelines. */
function commandOf(first: string): Command | undefined {
  return first.startsWith("-") ? runCommand : COMMANDS.find(({ name }) => name === first);
}

async function runOne(command: Command, args: readonly string[], io: CliIo): Promise<number> {
  try {
    const parsed = parseArguments(args, { ...command.options, ...HELP_OPTION }, command.takesFiles);
    if (!parsed.has("help")) return await command.run(parsed, io);
    io.stdout(commandHelp(command));
    return EXIT.ok;
  } catch (caught) {
    if (!(caught instanceof UsageError)) throw caught;
    io.stderr(`tidemark ${command.name}: ${caught.message}\nSee: tidemark ${command.name} --help\n`);
    return EXIT.usage;
  }
}

function help(name: string | undefined, io: CliIo): number {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (name !== undefined && command === undefined) return unknownCommand(name, io);
  io.stdout(command === undefined ? programHelp(COMMANDS) : commandHelp(command));
  return EXIT.ok;
}

function unknownCommand(name: string, io: CliIo): number {
  const meant = nearest(
    name,
    COMMANDS.map((command) => command.name),
  );
  const hint = meant === undefined ? "see: tidemark --help" : `did you mean "${meant}"?`;
  io.stderr(`tidemark: there is no command "${name}"; ${hint}\n`);
  return EXIT.usage;
}
