import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { freePorts } from "@tidemark/core/testing";
import { root } from "../../lib/child.ts";
import type { OpenLoopReport } from "../../lib/open-loop.ts";
import { cpuSeconds, processTree, residentMB } from "../../lib/process-tree.ts";
import { startBackEnd, type BackEnd } from "./back-end.ts";
import { saturate } from "./h2load.ts";
import { bodyFile } from "./payloads.ts";
import { assertAlive, pin, startSystem, stopChild, whenReady } from "./pinned.ts";
import type { Ports } from "./pipeline-yaml.ts";
import type { Row } from "./rows.ts";
import type { System } from "./systems.ts";

const WARM_UP_SECONDS = 2;
const POLL_MS = 100;
const ATTEMPTS = 3;
/** A saturated system that uses less of its CPU than this was not given work. */
const STALLED_SHARE = 0.25;

/** One system on one row, once. */
export interface Measurement {
  /** Items that arrived at the back end (accepted ones, where the pipeline drops on purpose) for each second of CPU time of the system. */
  readonly itemsPerCpuSecond: number;
  /** CPU time by wall time. */
  readonly cpuShare: number;
  readonly residentMB: { readonly mean: number; readonly max: number };
  /** Items whose request was answered with success. */
  readonly accepted: number;
  readonly delivered: number;
  readonly itemsPerSecond: number;
  /** Rows at a fixed rate only. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | undefined;
}

/** What a load generator got accepted. */
interface Load {
  readonly accepted: number;
  readonly latencyMs: Measurement["latencyMs"];
}

/**
 * Runs the system between a load generator and a back end of its own; `folder` is for files, such as what it prints. A load that
 * stalls is offered again: TCP on the loopback of some kernels loses segments and then waits, whatever the system.
 */
export async function measure(system: System, row: Row, seconds: number, folder: string): Promise<Measurement> {
  for (let attempt = 1; ; attempt += 1) {
    const measurement = await measureOnce(system, row, seconds, folder);
    if (row.rate !== undefined || attempt === ATTEMPTS || measurement.cpuShare > STALLED_SHARE) return measurement;
  }
}

async function measureOnce(system: System, row: Row, seconds: number, folder: string): Promise<Measurement> {
  const backEnd = await startBackEnd(row);
  const [grpc = 0, http = 0] = await freePorts(2);
  const ports: Ports = { grpc, http, backEnd: backEnd.port };
  const log = join(folder, `${system.name}.log`);
  const child = startSystem(system.command(row, ports, folder), log);
  try {
    await whenReady(child, http, log);
    const load = row.rate === undefined ? saturating(row, ports, folder) : atRate(row, row.rate, ports);
    const measurement = await observe(row, child, backEnd, load, seconds);
    assertAlive(child, log);
    if (measurement.delivered === 0) throw new Error("nothing arrived at the back end");
    return measurement;
  } finally {
    await stopChild(child);
    await backEnd.stop();
  }
}

async function observe(
  row: Row,
  child: ChildProcess,
  backEnd: BackEnd,
  load: (seconds: number) => Promise<Load>,
  seconds: number,
): Promise<Measurement> {
  await load(WARM_UP_SECONDS);
  const before = await backEnd.settled();
  const pids = processTree(child.pid ?? 0);
  const cpuBefore = cpuSeconds(pids);
  const started = performance.now();
  const memory: number[] = [];
  const poll = setInterval(() => memory.push(residentMB(pids)), POLL_MS);
  const { accepted, latencyMs } = await load(seconds);
  const wall = (performance.now() - started) / 1000;
  const cpuOfLoad = cpuSeconds(pids) - cpuBefore;
  clearInterval(poll);
  // What was queued belongs to the load: its delivery is waited for, and its CPU time counted.
  const delivered = (await backEnd.settled()) - before;
  const cpu = cpuSeconds(pids) - cpuBefore;
  return {
    itemsPerCpuSecond: (row.work === "sampler" ? accepted : delivered) / cpu,
    cpuShare: cpuOfLoad / wall,
    residentMB: { mean: memory.reduce((sum, each) => sum + each, 0) / memory.length, max: Math.max(...memory) },
    accepted,
    delivered,
    itemsPerSecond: accepted / wall,
    latencyMs,
  };
}

function saturating(row: Row, ports: Ports, folder: string): (seconds: number) => Promise<Load> {
  const body = bodyFile(row, folder);
  return async (seconds) => ({
    accepted: (await saturate(row, ports[row.transport], body, seconds)).answered * row.batch,
    latencyMs: undefined,
  });
}

function atRate(row: Row, rate: number, ports: Ports): (seconds: number) => Promise<Load> {
  const target = `http://127.0.0.1:${ports[row.transport]}`;
  const shape = `--signal ${row.signal} --items ${row.batch} --connections ${row.transport === "grpc" ? 4 : 256}`;
  return async (seconds) => {
    const args = `--target ${target} --protocol ${row.transport} --phases ${rate}:${seconds} ${shape}`;
    const [command = "", ...rest] = pin("load", [process.execPath, join(root, "test/lib/open-loop.ts"), ...args.split(" ")]);
    const generator = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    generator.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    await once(generator, "close");
    const phase = (JSON.parse(text.trim().split("\n").at(-1) ?? "{}") as OpenLoopReport).phases[0];
    return { accepted: (phase?.acknowledged ?? 0) * row.batch, latencyMs: phase?.latencyMs };
  };
}
