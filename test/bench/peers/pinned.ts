import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";

const CPUS = { system: "0", load: "1" } as const;
const STOP_MS = 10_000;

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

/** Asks a child to end and waits for it; kills it when it takes longer than `withinMs`. */
export async function stopChild(child: ChildProcess, withinMs: number = STOP_MS): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), withinMs);
  await ended;
  clearTimeout(hard);
}
