import { renderDiagnostics, type Diagnostic, type LoadedConfig } from "@tidemark/config";
import { messageOf } from "@tidemark/core";
import { tryToBuild } from "../../collector.ts";
import type { ParsedArguments } from "../arguments.ts";
import { CONFIG_OPTIONS, type Command } from "../command.ts";
import { EXIT, type CliIo } from "../io.ts";
import { cannotBuild, countOf, load } from "../load.ts";

/** What validation found. */
interface Verdict {
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** Why the graph cannot be built although every part of the configuration is right. */
  readonly build_error?: string;
}

export const validateCommand: Command = {
  name: "validate",
  usage: "[--config] FILE…",
  summary: "Check a configuration and show every mistake in it.",
  details: "It also builds the pipelines, but starts nothing and opens no port.",
  takesFiles: true,
  options: {
    ...CONFIG_OPTIONS,
    format: { value: "FORMAT", choices: ["text", "json"], description: "How to show the mistakes (default text)." },
  },
  run: async (args, io) => {
    const verdict = await judge(args, io);
    if (args.value("format") === "json") io.stdout(`${JSON.stringify(verdict, undefined, 2)}\n`);
    else showText(verdict, args, io);
    return verdict.valid ? EXIT.ok : EXIT.usage;
  },
};

async function judge(args: ParsedArguments, io: CliIo): Promise<Verdict> {
  const result = await load(args, io);
  if (!result.ok) return { valid: false, diagnostics: result.diagnostics };
  const { warnings } = result.config;
  const why = await buildError(result.config);
  return why === undefined ? { valid: true, diagnostics: warnings } : { valid: false, diagnostics: warnings, build_error: why };
}

async function buildError(config: LoadedConfig): Promise<string | undefined> {
  try {
    await tryToBuild(config);
    return undefined;
  } catch (caught) {
    return messageOf(caught);
  }
}

function showText({ valid, diagnostics, build_error: why }: Verdict, args: ParsedArguments, io: CliIo): void {
  if (diagnostics.length > 0) io.stderr(`${renderDiagnostics(diagnostics, { color: io.color }).trimEnd()}\n\n`);
  if (why !== undefined) io.stderr(cannotBuild(why));
  const count = countOf(diagnostics);
  if (valid) io.stdout(`${args.sources.join(", ")}: valid${count === "" ? "" : ` (${count})`}\n`);
  else if (count !== "") io.stderr(`${count}\n`);
}
