import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { Collector } from "../../lib/collector.ts";
import type { ProtoTypes } from "../../lib/proto-types.ts";
import type { ScriptedBackend } from "../../lib/scripted-backend.ts";

/** A real collector, what stands behind it, and sockets of its other receiver. */
export interface Stage {
  readonly proto: ProtoTypes;
  readonly backend: ScriptedBackend;
  readonly collector: Collector;
  readonly sockets: { readonly http: string; readonly grpc: string };
  /** A folder for the files of one run. */
  readonly scratch: string;
  newService(): string;
}

/** One thing that a client does. `run` rejects with what went wrong. */
export interface ClientRow {
  readonly name: string;
  run(stage: Stage): Promise<void>;
}

/** A program that is not ours. */
export interface Client {
  readonly name: string;
  /** Installs what it needs; rejects with `Skipped` where that cannot be had here. */
  prepare(): Promise<readonly ClientRow[]>;
}

/** Why a client cannot be used here. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  /** Standard output and error. */
  readonly output: string;
}

const RUN_DEADLINE_MS = 60_000;
const INSTALL_DEADLINE_MS = 600_000;

/** Folder of a client, outside of the repository. */
export function cacheFolder(...names: readonly string[]): string {
  return join(process.env["TIDEMARK_CLIENTS"] ?? join(homedir(), ".cache/tidemark-clients"), ...names);
}

/** Runs a program to its end, or kills it at the deadline. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly deadlineMs?: number } = {},
): Promise<Ended> {
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), options.deadlineMs ?? RUN_DEADLINE_MS);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? -1, output };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a program; rejects with its last lines when it fails. */
export async function mustRun(command: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<string> {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ended with code ${code}: ${output.trim().split("\n").slice(-4).join(" | ")}`);
  return output;
}

/** Rejects with `Skipped` when a program is not in the PATH. */
export async function needs(program: string, what = program): Promise<void> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const found = await access(join(folder, program)).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw new Skipped(`${what} is not here`);
}

/** Installs something once: `version` names what is in the folder. Rejects with `Skipped` when it cannot be had. */
export async function installOnce(folder: string, version: string, install: () => Promise<unknown>): Promise<void> {
  const mark = join(folder, `ready-${version}`);
  if (await exists(mark)) return;
  await mkdir(folder, { recursive: true });
  try {
    await install();
  } catch (error) {
    throw new Skipped(`it could not be installed (${(error as Error).message})`);
  }
  await writeFile(mark, "");
}

/** Options of `mustRun` for what downloads and builds. */
export function installing(cwd: string): { readonly cwd: string; readonly deadlineMs: number } {
  return { cwd, deadlineMs: INSTALL_DEADLINE_MS };
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
