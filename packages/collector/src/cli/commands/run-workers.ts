import { registry } from "@tidemark/components";
import { loadConfig, type LoadResult } from "@tidemark/config";
import { configOrReport } from "../load.ts";
import type { ParsedArguments } from "../arguments.ts";
import { EXIT, type CliIo } from "../io.ts";
import { openLogSink } from "../log-output.ts";
import type { SourceTexts } from "../../reload/config-source.ts";
import { runWorker } from "../../workers/run-worker.ts";
import { supervisorChannel } from "../../workers/supervisor-channel.ts";

/** This process is a worker: runs the pipelines with the configuration that its supervisor has read. */
export async function runAsWorker(args: ParsedArguments, deadlineMs: number, io: CliIo): Promise<number> {
  const channel = supervisorChannel();
  const begin = await channel.begin;
  const load = (texts: SourceTexts): Promise<LoadResult> => loadRecorded(texts, args, io);
  const config = configOrReport(await load(begin.texts), io);
  if (config === undefined) return EXIT.usage;
  const output = openLogSink(config.telemetry.logs.output_paths, io);
  try {
    return (await runWorker({ config, load, begin, channel, logSink: output.sink, deadlineMs })) ? EXIT.ok : EXIT.failure;
  } finally {
    output.close();
  }
}

/** Loads a configuration from what the supervisor has read, so that all workers run the same. */
function loadRecorded(texts: SourceTexts, args: ParsedArguments, { env }: CliIo): Promise<LoadResult> {
  const read = async (name: string): Promise<string> => {
    const text = texts[name];
    if (text === undefined) throw new Error(`the supervisor has not read ${name}`);
    return text;
  };
  return loadConfig({ uris: args.sources, sets: args.sets, registry, env, readFile: read, readRemote: read });
}
