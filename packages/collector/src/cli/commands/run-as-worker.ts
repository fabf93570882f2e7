import { registry } from "@tidemark/components";
import type { LoadResult } from "@tidemark/config";
import { configOrReport } from "../load.ts";
import type { ParsedArguments } from "../arguments.ts";
import { EXIT, type CliIo } from "../io.ts";
import { openLogSink } from "../log-output.ts";
import type { SourceTexts } from "../../reload/config-source.ts";
import { loadRecorded } from "../../reload/load-recorded.ts";
import { runWorker } from "../../workers/run-worker.ts";
import { supervisorChannel } from "../../workers/supervisor-channel.ts";

/** This process is a worker: runs the pipelines with the configuration that its supervisor has read. */
export async function runAsWorker(args: ParsedArguments, deadlineMs: number, io: CliIo): Promise<number> {
  const channel = supervisorChannel();
  const begin = await channel.begin;
  // What the supervisor has read, so that all workers run the same.
  const load = (texts: SourceTexts): Promise<LoadResult> =>
    loadRecorded({ uris: args.sources, sets: args.sets, texts }, { registry, env: io.env });
  const config = configOrReport(await load(begin.texts), io);
  if (config === undefined) return EXIT.usage;
  const output = openLogSink(config.telemetry.logs, io);
  try {
    return (await runWorker({ config, load, begin, channel, logSink: output.sink, deadlineMs })) ? EXIT.ok : EXIT.failure;
  } finally {
    output.close();
  }
}
