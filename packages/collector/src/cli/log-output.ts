import { closeSync, openSync, writeSync } from "node:fs";
import type { LogSink } from "../logging/log-event.ts";
import type { CliIo } from "./io.ts";

/** Where the collector's log goes, and how to close it. */
export interface LogOutput {
  readonly sink: LogSink;
  close(): void;
}

/** Opens `service::telemetry::logs::output_paths`: stderr, stdout, or files that are appended to. */
export function openLogSink(paths: readonly string[], io: CliIo): LogOutput {
  const files: number[] = [];
  const writers = paths.map((path): ((text: string) => void) => {
    if (path === "stderr") return io.stderr;
    if (path === "stdout") return io.stdout;
    const file = openSync(path.replace(/^file:(\/\/)?/, ""), "a");
    files.push(file);
    return (text) => void writeSync(file, text);
  });
  return {
    sink: (line) => {
      for (const write of writers) write(`${line}\n`);
    },
    close: () => {
      for (const file of files) closeSync(file);
    },
  };
}
