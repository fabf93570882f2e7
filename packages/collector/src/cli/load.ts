import { registry } from "@tidemark/components";
import { renderDiagnostics, type LoadedConfig, type LoadResult } from "@tidemark/config";
import { messageOf, parseDuration, systemClock } from "@tidemark/core";
import { ConfigSource } from "../reload/config-source.ts";
import type { ParsedArguments } from "./arguments.ts";
import { UsageError, type CliIo } from "./io.ts";

const STANDARD_POLL = "5s";

/**
 * Where the configuration comes from that the arguments name.
 * @throws UsageError when they name none.
 */
export function sourceOf(args: ParsedArguments, io: CliIo): ConfigSource {
  if (args.sources.length === 0) throw new UsageError("no configuration was named; add a file, such as pipelines/chat.yaml");
  const text = args.value("poll-interval") ?? STANDARD_POLL;
  const pollMs = parseDuration(text);
  if (pollMs === undefined || pollMs <= 0) throw new UsageError(`"${text}" is not a duration; write --poll-interval 5s`);
  const { env, readFile } = io;
  return new ConfigSource({ uris: args.sources, sets: args.sets, registry, env, readFile, clock: systemClock, pollMs });
}

/** Loads the configuration that the arguments name. Throws as `sourceOf` does. */
export function load(args: ParsedArguments, io: CliIo): Promise<LoadResult> {
  return sourceOf(args, io).load();
}

/** As `load`; shows what is wrong, and gives `undefined` then. */
export async function loadOrReport(args: ParsedArguments, io: CliIo): Promise<LoadedConfig | undefined> {
  return configOrReport(await load(args, io), io);
}

/** The configuration; shows what is wrong where there is none. */
export function configOrReport(result: LoadResult, io: CliIo): LoadedConfig | undefined {
  if (result.ok) return result.config;
  const { diagnostics } = result;
  io.stderr(`${renderDiagnostics(diagnostics, { color: io.color }).trimEnd()}\n\n${countOf(diagnostics)}\n`);
  return undefined;
}

/** What `build` makes of a configuration; shows what a component refuses, which is a mistake in its configuration, and gives `undefined` then. */
export async function buildOrReport<T>(build: () => T | Promise<T>, io: CliIo): Promise<T | undefined> {
  try {
    return await build();
  } catch (caught) {
    io.stderr(cannotBuild(messageOf(caught)));
    return undefined;
  }
}

/** The line that says why pipelines cannot be built. */
export function cannotBuild(why: string): string {
  return `The pipelines cannot be built: ${why}\n`;
}

/** `2 errors, 1 warning`. */
export function countOf(diagnostics: readonly { readonly severity: "error" | "warning" }[]): string {
  const count = (severity: "error" | "warning"): string[] => {
    const number = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return number === 0 ? [] : [`${number} ${severity}${number === 1 ? "" : "s"}`];
  };
  return [...count("error"), ...count("warning")].join(", ");
}
