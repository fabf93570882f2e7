import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "@tidemark/core/testing";
import { startNode, type Child } from "./child.ts";

const READY_DEADLINE_MS = 20_000;

/** A collector in its own process, on free ports. */
export interface Collector {
  readonly child: Child;
  readonly http: string;
  readonly grpc: string;
  readonly health: string;
  /** The file that holds the configuration it was started with. */
  readonly file: string;
  /** SIGTERM; resolves with the exit code when it has drained and ended. */
  stop(): Promise<number | null>;
}

/** A configuration that needs ports of its own. All are looked for at once: found one after the other they might be the same. */
export interface PortedYaml {
  readonly ports: number;
  write(ports: readonly number[]): string;
}

/**
 * Starts `tidemark run` on a configuration that has no `otlp` receiver and no `health_check` extension of its own: both are
 * added, on free ports of the loopback interface. `options` are more of `tidemark run`. Resolves when it is ready.
 */
export async function startCollector(
  yaml: string | PortedYaml,
  options: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Collector> {
  const collector = await spawnCollector(yaml, options, environment);
  const { child, health } = collector;
  if (await isReady(child, health)) return collector;
  await child.stop();
  throw new Error(`the collector did not become ready\n${child.lines.slice(-30).join("\n")}`);
}

/** The same without waiting until it is ready. */
export async function spawnCollector(
  yaml: string | PortedYaml,
  options: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Collector> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-"));
  const { ports: count, write } = typeof yaml === "string" ? { ports: 0, write: () => yaml } : yaml;
  const [httpPort = 0, grpcPort = 0, healthPort = 0, ...more] = await freePorts(3 + count);
  const frame = `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" }, grpc: { endpoint: "127.0.0.1:${grpcPort}" } } } }
extensions: { health_check: { endpoint: "127.0.0.1:${healthPort}" } }
service: { extensions: [health_check], telemetry: { metrics: { level: none } } }
`;
  await writeFile(join(folder, "frame.yaml"), frame);
  await writeFile(join(folder, "pipeline.yaml"), write(more));
  const files = [join(folder, "frame.yaml"), join(folder, "pipeline.yaml")];
  const child = startNode(["packages/collector/bin/tidemark.js", "run", ...options, ...files], environment);
  void child.ended.then(() => rm(folder, { recursive: true, force: true }));
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return { child, http: at(httpPort), grpc: at(grpcPort), health: at(healthPort), file: files[1] ?? "", stop: () => child.stop() };
}

async function isReady(child: Child, health: string): Promise<boolean> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  while (child.process.exitCode === null && Date.now() < deadline) {
    const ready = await fetch(`${health}/`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return true;
    await sleep(50);
  }
  return false;
}
