import { registry } from "@tidemark/components";
import { loadConfig, renderDiagnostics, type LoadedConfig, type LoadResult } from "@tidemark/config";
import type { ParsedArguments } from "./arguments.ts";
import { UsageError, type CliIo } from "./io.ts";

/**
 * Loads the configuration that the arguments name.
 * @throws UsageError when they name none.
 */
export function load(args: ParsedArguments, io: CliIo): Promise<LoadResult> {
  if (args.sources.length === 0) throw new UsageError("no configuration was named; add a file, such as pipelines/chat.yaml");
  return loadConfig({ uris: args.sources, sets: args.sets, registry, env: io.env, readFile: io.readFile });
}

/** As `load`; shows what is wrong, and gives `undefined` then. */
export async function loadOrReport(args: ParsedArguments, io: CliIo): Promise<LoadedConfig | undefined> {
  const result = await load(args, io);
  if (result.ok) return result.config;
  const { diagnostics } = result;
  io.stderr(`${renderDiagnostics(diagnostics, { color: io.color }).trimEnd()}\n\n${countOf(diagnostics)}\n`);
  return undefined;
}

/** `2 errors, 1 warning`. */
export function countOf(diagnostics: readonly { readonly severity: "error" | "warning" }[]): string {
  const count = (severity: "error" | "warning"): string[] => {
    const number = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}${number === 1 ? "" : "s"}`];
  };
  return [...count("error"), ...count("warning")].join(", ");
}
