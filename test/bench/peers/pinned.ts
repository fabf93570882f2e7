import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { reachable } from "./reachable.ts";

const CPUS = { system: "0", load: "1" } as const;
const STOP_MS = 10_000;
const LOG_TAIL = 1000;

/** A command line that runs on one CPU: the system under test on the first, load generator and back end together on the second. */
export function pin(part: keyof typeof CPUS, command: readonly string[]): string[] {
  return ["taskset", "-c", CPUS[part], ...command];
}

/** Starts the system under test; what it prints goes to the end of `logFile`. */
export function startSystem(command: readonly string[], logFile: string): ChildProcess {
  const [program = "", ...args] = pin("system", command);
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  return child;
}

/** Resolves when something answers on the port of a system that `startSystem` started; rejects with what it printed when it ends first. */
export async function whenReady(child: ChildProcess, port: number, logFile: string): Promise<void> {
  await reachable(logFile, async () => {
    if (child.exitCode === null) await fetch(`http://127.0.0.1:${port}/`);
  });
  assertAlive(child, logFile);
}

/** Throws what the system printed when it has ended. */
export function assertAlive(child: ChildProcess, logFile: string): void {
  if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}\n${readFileSync(logFile, "utf8").slice(-LOG_TAIL)}`);
}

/** Asks a child to end and waits for it; kills it when it takes longer than `withinMs`. */
export async function stopChild(child: ChildProcess, withinMs: number = STOP_MS): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), withinMs);
  await ended;
  clearTimeout(hard);
}
