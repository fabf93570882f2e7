import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startProgram, type Child } from "../lib/child.ts";
import { eventually } from "../lib/eventually.ts";
import type { Ports } from "./pipeline-yaml.ts";

/** Below the ports that the system gives to outgoing connections: one of those must not take a port while the collector is away. */
const FIRST_PORT = 12_000;
const PORTS = 18_000;

/** What `GET /-/ledger` of the extension `admin` answers, as far as it is needed. */
export interface Ledger {
  readonly nodes: readonly { readonly key: string; readonly held: number; readonly missing: number }[];
  readonly violations: readonly string[];
  readonly balanced: boolean;
}

/** What runs, and where. */
export interface SubjectPlan {
  readonly folder: string;
  readonly storage: string;
  readonly ports: Ports;
  /** Its configuration. */
  readonly yaml: string;
  /** The command line that runs a configuration file; Tidemark unless given. */
  readonly command?: (file: string) => readonly string[];
}

/** The command line of Tidemark on a file. */
export function tidemark(file: string, options: readonly string[] = []): readonly string[] {
  return [process.execPath, "packages/collector/bin/tidemark.js", "run", ...options, file];
}

/** The collector under test: one storage directory and the same ports through all its lives. */
export class Subject {
  readonly http: string;
  readonly grpc: string;
  readonly health: string;
  readonly admin: string;
  readonly storage: string;
  readonly ports: Ports;
  readonly file: string;
  readonly environment: Record<string, string> = {};
  /** Lines of all lives. */
  readonly lines: string[] = [];
  readonly #command: (file: string) => readonly string[];
  #child: Child | undefined;

  constructor({ folder, storage, ports, yaml, command = tidemark }: SubjectPlan) {
    mkdirSync(folder, { recursive: true });
    this.storage = storage;
    this.ports = ports;
    this.file = join(folder, "pipeline.yaml");
    this.#command = command;
    this.configure(yaml);
    const at = (port: number): string => `http://127.0.0.1:${port}`;
    this.http = at(ports.http);
    this.grpc = at(ports.grpc);
    this.health = at(ports.health);
    this.admin = at(ports.admin);
  }

  get pid(): number {
    return this.#child?.process.pid ?? 0;
  }

  get isAlive(): boolean {
    const child = this.#child?.process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Writes the configuration file. */
  configure(yaml: string): void {
    writeFileSync(this.file, yaml);
  }

  /** The books of all its processes; undefined when it does not answer. */
  async ledger(): Promise<Ledger | undefined> {
    try {
      return (await (await fetch(`${this.admin}/-/ledger`)).json()) as Ledger;
    } catch {
      return undefined;
    }
  }

  spawn(): void {
    const child = startProgram(this.#command(this.file), this.environment);
    this.#child = child;
    void child.ended.then(() => this.lines.push(...child.lines));
  }

  /** Starts it; resolves when it is ready. */
  async start(): Promise<void> {
    this.spawn();
    await this.whenReady();
  }

  async whenReady(): Promise<void> {
    const ready = await eventually("a collector that is ready", async () => {
      if (!this.isAlive) return "ended";
      return (await this.healthText())?.status === 200 && "ready";
    });
    if (ready === "ended") await this.#child?.ended; // with its last lines
    if (ready === "ended") throw new Error(`the collector did not start:\n${this.recent()}`);
  }

  /** The health answer; undefined when there is none. */
  async healthText(): Promise<{ readonly status: number; readonly text: string } | undefined> {
    try {
      const answer = await fetch(`${this.health}/`);
      return { status: answer.status, text: await answer.text() };
    } catch {
      return undefined;
    }
  }

  /** kill -9; gives the moment. */
  async kill(): Promise<number> {
    const child = this.#child;
    const at = performance.now();
    child?.process.kill("SIGKILL");
    await child?.ended;
    return at;
  }

  /** SIGTERM; resolves with its exit code. */
  async stop(): Promise<number | null> {
    return (await this.#child?.stop("SIGTERM", 30_000)) ?? null;
  }

  /** Resolves when it has ended by itself. */
  async ended(withinMs: number): Promise<boolean> {
    return (await Promise.race([this.#child?.ended.then(() => true), sleep(withinMs, false)])) ?? true;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.process.kill(name);
  }

  /** The last lines of its log. */
  recent(count = 25): string {
    return (this.#child?.lines ?? []).slice(-count).join("\n");
  }

  /** Lines of this life. */
  get log(): readonly string[] {
    return this.#child?.lines ?? [];
  }

  /** Segment files that lie in the storage, those of all workers. */
  segments(): string[] {
    if (!existsSync(this.storage)) return [];
    const names = readdirSync(this.storage, { recursive: true, encoding: "utf8" });
    return names.filter((name) => /\d{10}\.log$/.test(name)).map((name) => join(this.storage, name));
  }
}

/** Ports that nobody uses now; not from the seed, so that runs beside each other find different ones. */
export async function steadyPorts(): Promise<Ports> {
  const ports: number[] = [];
  while (ports.length < 4) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  const [http = 0, grpc = 0, health = 0, admin = 0] = ports;
  return { http, grpc, health, admin };
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
