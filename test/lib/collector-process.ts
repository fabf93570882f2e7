import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../packages/collector/src/cli/main.ts");

/** A collector that runs as its own process. */
export interface CollectorProcess {
  readonly process: ChildProcess;
  /** Everything that it has printed so far. */
  output(): string;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts `tidemark run` on a configuration and waits until it is ready to take data on `port`. */
export async function startCollector(yaml: string, port: number): Promise<CollectorProcess> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-e2e-"));
  const file = join(directory, "pipeline.yaml");
  writeFileSync(file, yaml);
  const child = spawn(process.execPath, [MAIN, "run", file], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const collect = (chunk: Buffer): void => void (text += chunk.toString("utf8"));
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const started: CollectorProcess = {
    process: child,
    output: () => text,
    async stop() {
      child.kill("SIGTERM");
      const code = await exited;
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`the collector ended with ${child.exitCode}:\n${text}`);
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return started;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await started.stop();
  throw new Error(`the collector did not listen on ${port} within 15 s:\n${text}`);
}

/** Polls until `probe` gives something, for what another process does. */
export async function eventually<T>(what: string, probe: () => T | undefined | false, withinMs = 15_000): Promise<T> {
  for (const end = Date.now() + withinMs; Date.now() < end; ) {
    const result = probe();
    if (result !== undefined && result !== false) return result;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what}: not within ${withinMs} ms`);
}
