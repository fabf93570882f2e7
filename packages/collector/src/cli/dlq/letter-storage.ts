import { DeadLetters } from "@tidemark/components/dead-letters";
import type { LoadedConfig } from "@tidemark/config";
import type { ParsedArguments } from "../arguments.ts";
import { UsageError, type CliIo } from "../io.ts";
import { loadOrReport } from "../load.ts";

/** The dead letters that a command works on, and which of them its plain arguments name. */
export interface LetterStorage {
  readonly letters: DeadLetters;
  readonly directory: string;
  readonly ids: readonly string[];
}

/**
 * Opens the storage that the arguments name: a directory, or the one in the configuration. `undefined` when that has mistakes, which are shown then.
 * @throws UsageError when the arguments do not name one; Error when there is none in the directory.
 */
export async function openLetters(args: ParsedArguments, io: CliIo): Promise<LetterStorage | undefined> {
  const [, ...rest] = args.positionals;
  const configs = args.all("config");
  if (configs.length > 0) {
    const config = await loadOrReport({ ...args, sources: configs }, io);
    if (config === undefined) return undefined;
    const directory = directoryIn(config, args.value("storage"));
    return { letters: new DeadLetters(directory), directory, ids: rest };
  }
  const [directory, ...ids] = rest;
  if (directory === undefined) throw new UsageError("name the directory of a file_storage, or its configuration: --config FILE");
  if (args.has("storage")) throw new UsageError("--storage goes with --config FILE");
  return { letters: new DeadLetters(directory), directory, ids };
}

function directoryIn({ graph }: LoadedConfig, wanted: string | undefined): string {
  const storages = graph.extensions.filter(({ definition }) => definition.type === "file_storage");
  const names = storages.map(({ id }) => id).join(", ");
  if (storages.length === 0) throw new UsageError("the configuration has no file_storage extension under service: extensions:");
  if (wanted === undefined && storages.length > 1)
    throw new UsageError(`the configuration has several storages; add --storage with one of ${names}`);
  const found = storages.find(({ id }) => wanted === undefined || id === wanted);
  if (found === undefined) throw new UsageError(`the configuration has no storage "${wanted}"; it has ${names}`);
  return (found.config as { readonly directory: string }).directory;
}
