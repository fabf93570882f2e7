import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The repository's root, with a slash at its end. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** A program in its own process, with what it has printed so far. */
export interface Child {
  readonly process: ChildProcess;
  /** Lines of standard output and standard error, in the order of arrival. */
  readonly lines: string[];
  /** Resolves with the first line, printed or still to come, that matches; rejects when the program ends or `timeoutMs` passes first. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Asks it to end (SIGTERM unless named), waits, and kills it when it takes longer than `timeoutMs`. Resolves with its exit code. */
  stop(signal?: NodeJS.Signals, timeoutMs?: number): Promise<number | null>;
  /** Resolves with the exit code when it has ended by itself. */
  readonly ended: Promise<number | null>;
}

/** Starts a program of this repository under this Node. Paths are relative to the root. */
export function startNode(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Child {
  return startProgram([process.execPath, ...args], environment);
}

/** Starts a program in the root of this repository. */
export function startProgram([program = "", ...args]: readonly string[], environment: Readonly<Record<string, string>> = {}): Child {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      for (const tell of waiting) tell(line);
    });
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return {
    process: child,
    lines,
    ended,
    line: (pattern, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const early = lines.find((line) => pattern.test(line));
        if (early !== undefined) return resolve(early);
        const settle = (finish: () => void): void => {
          waiting.delete(look);
          clearTimeout(timer);
          finish();
        };
        const look = (line: string): void => {
          if (pattern.test(line)) settle(() => resolve(line));
        };
        const fail = (why: string): void =>
          settle(() => reject(new Error(`no line like ${pattern} from ${args.join(" ")}: ${why}\n${lines.slice(-30).join("\n")}`)));
        const timer = setTimeout(() => fail(`not within ${timeoutMs} ms`), timeoutMs);
        waiting.add(look);
        void ended.then((code) => fail(`it ended with code ${code}`));
      }),
    stop: async (signal = "SIGTERM", timeoutMs = 15_000) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const hard = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      const code = await ended;
      clearTimeout(hard);
      return code;
    },
  };
}
