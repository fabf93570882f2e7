import { readFile } from "node:fs/promises";
import { stackOf } from "@tidemark/core";
import { EXIT, type CliIo } from "./io.ts";
import { runCommandLine, startsPipelines } from "./run-command-line.ts";

/** The `tidemark` program: runs the command line of this process and ends it with the exit code. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  // A reader that has enough, such as `head`, is no mistake; pipelines go on without one, and there is nobody to tell.
  const readerLeft = (error: NodeJS.ErrnoException): void => {
    if (startsPipelines(args)) return;
    if (error.code === "EPIPE") process.exit(EXIT.ok);
    throw error;
  };
  for (const stream of [process.stdout, process.stderr]) stream.on("error", readerLeft);
  const code = await runCommandLine(args, processIo()).catch(defect);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}

/** `exit` does not wait for a pipe that is read slowly. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write("", () => resolve()));
}

function processIo(): CliIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    color: process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    readFile: (path) => readFile(path, "utf8"),
  };
}

function defect(thrown: unknown): number {
  process.stderr.write(`tidemark: unexpected error; this is a defect of the program: ${stackOf(thrown)}\n`);
  return EXIT.failure;
}
