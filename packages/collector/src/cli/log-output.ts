import { closeSync, openSync, writeSync } from "node:fs";
import { messageOf } from "@tidemark/core";
import type { LogSink } from "../logging/log-event.ts";
import { UsageError, type CliIo } from "./io.ts";

/** `service::telemetry::logs`: where the collector's log goes, and where it says that it could not be written. */
export interface LogPaths {
  readonly output_paths: readonly string[];
  readonly error_output_paths: readonly string[];
}

/** An open log, and how to close it. */
export interface LogOutput {
  readonly sink: LogSink;
  close(): void;
}

type Write = (text: string) => void;

/**
 * Opens the places of a log: stderr, stdout, or files that are appended to. A line that cannot be written, as on a full disk, is left
 * out; the error outputs say so once, until lines can be written again.
 * @throws UsageError when a file cannot be opened.
 */
export function openLogSink({ output_paths: outputs, error_output_paths: errors }: LogPaths, io: CliIo): LogOutput {
  const files: number[] = [];
  const open = (option: string, path: string): Write => {
    if (path === "stderr") return io.stderr;
    if (path === "stdout") return io.stdout;
    const file = openFile(option, path);
    files.push(file);
    return (text) => void writeSync(file, text);
  };
  const lastResorts = errors.map((path) => guarded(open("error_output_paths", path), () => {}));
  const writers = outputs.map((path) =>
    guarded(open("output_paths", path), (why) => {
      for (const write of lastResorts) write(`Log lines cannot be written to ${path}, and are left out until they can: ${why}\n`);
    }),
  );
  return {
    sink: (line) => {
      for (const write of writers) write(`${line}\n`);
    },
    close: () => {
      for (const file of files) closeSync(file);
    },
  };
}

/** Writes as `write` does; `failed` is told of the first failure after a success. */
function guarded(write: Write, failed: (why: string) => void): Write {
  let isBroken = false;
  return (text) => {
    try {
      write(text);
      isBroken = false;
    } catch (caught) {
      if (!isBroken) failed(messageOf(caught));
      isBroken = true;
    }
  };
}

function openFile(option: string, path: string): number {
  try {
    return openSync(path.replace(/^file:(\/\/)?/, ""), "a");
  } catch (caught) {
    throw new UsageError(`service::telemetry::logs::${option}: cannot open ${path}: ${messageOf(caught)}`);
  }
}
