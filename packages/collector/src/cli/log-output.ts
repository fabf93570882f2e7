import { closeSync, openSync, writeSync } from "node:fs";
import type { LogSink } from "../logging/log-event.ts";
import { UsageError, type CliIo } from "./io.ts";

/** Where the collector's log goes, and how to close it. */
export interface LogOutput {
  readonly sink: LogSink;
  close(): void;
}

/**
 * Opens `service::telemetry::logs::output_paths`: stderr, stdout, or files that are appended to.
 * @throws UsageError when a file cannot be opened.
 */
export function openLogSink(paths: readonly string[], io: CliIo): LogOutput {
  const files: number[] = [];
  const writers = paths.map((path): ((text: string) => void) => {
    if (path === "stderr") return io.stderr;
    if (path === "stdout") return io.stdout;
    const file = openFile(path);
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

function openFile(path: string): number {
  try {
    return openSync(path.replace(/^file:(\/\/)?/, ""), "a");
  } catch (caught) {
    const why = caught instanceof Error ? caught.message : String(caught);
    throw new UsageError(`service::telemetry::logs::output_paths: cannot open ${path}: ${why}`);
  }
}
