import { loadOrReport } from "../load.ts";
import type { ParsedArguments } from "../arguments.ts";
import { EXIT, type CliIo } from "../io.ts";
import { openLogSink } from "../log-output.ts";
import { runWorker } from "../../workers/run-worker.ts";
import { supervisorChannel } from "../../workers/supervisor-channel.ts";

/** This process is a worker: runs the pipelines with the configuration that its supervisor has read. */
export async function runAsWorker(args: ParsedArguments, deadlineMs: number, io: CliIo): Promise<number> {
  const channel = supervisorChannel();
  const begin = await channel.begin;
  const config = await loadOrReport(args, { ...io, readFile: (path) => readRecorded(begin.files, path) });
  if (config === undefined) return EXIT.usage;
  const output = openLogSink(config.telemetry.logs.output_paths, io);
  try {
    return (await runWorker({ config, begin, channel, logSink: output.sink, deadlineMs })) ? EXIT.ok : EXIT.failure;
  } finally {
    output.close();
  }
}

/** Reads files as `io` does, and remembers what was in them. */
export function recordReads(io: CliIo): { readonly io: CliIo; readonly files: Readonly<Record<string, string>> } {
  const files: Record<string, string> = {};
  const readFile = async (path: string): Promise<string> => (files[path] = await io.readFile(path));
  return { io: { ...io, readFile }, files };
}

function readRecorded(files: Readonly<Record<string, string>>, path: string): Promise<string> {
  const text = files[path];
  return text === undefined ? Promise.reject(new Error(`the supervisor has not read ${path}`)) : Promise.resolve(text);
}
