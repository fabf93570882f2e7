import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The file behind the `tidemark` command. */
export const LAUNCHER: string = fileURLToPath(new URL("../../bin/tidemark.js", import.meta.url));
const TESTDATA = fileURLToPath(new URL("../cli/testdata/", import.meta.url));

/** What a finished `tidemark` left. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `tidemark` in its own process, with cli/testdata as its working directory. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Resolves when standard error has matched; rejects with all output when the process ends before. */
  seen(pattern: RegExp): Promise<void>;
}

/** Starts the launcher as a user would. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: TESTDATA,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  const waiting: { readonly pattern: RegExp; readonly resolve: () => void }[] = [];
  child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    texts.stderr += chunk.toString();
    for (const { pattern, resolve } of waiting) if (pattern.test(texts.stderr)) resolve();
  });
  const result = new Promise<CliResult>((resolve) => child.on("close", (code) => resolve({ code, ...texts })));
  return {
    child,
    result,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        if (pattern.test(texts.stderr)) return resolve();
        waiting.push({ pattern, resolve });
        void result.then(({ code, stderr }) => reject(new Error(`ended with ${code} before ${pattern} was seen:\n${stderr}`)));
      }),
  };
}

/** Runs `tidemark` to its end. */
export function runCli(...args: readonly string[]): Promise<CliResult> {
  return startCli(args).result;
}
