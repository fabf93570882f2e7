import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "@tidemark/core/testing";
import { root } from "../../lib/child.ts";
import type { LoadSample, OpenLoopReport } from "../../lib/open-loop.ts";
import { processTree, residentMB } from "../../lib/process-tree.ts";
import { pin, startSystem, stopChild, whenReady } from "../peers/pinned.ts";
import { runFile } from "../peers/systems.ts";
import { overloadYaml } from "./overload-yaml.ts";
import { missingAt, statsOf } from "../../lib/sink-client.ts";

/** What is offered, and to whom. */
export interface Overload {
  readonly system: "otelcol" | "tidemark";
  readonly protocol: "grpc" | "http";
  /** Items a second that the back end works off. */
  readonly capacity: number;
  /** How long four times the sustainable rate is offered. */
  readonly seconds: number;
}

/** Memory and load at one moment. */
export interface Moment extends LoadSample {
  readonly residentMB: number;
}

/** What happened. */
export interface OverloadResult {
  /** Items a second that arrived at the back end while more was offered. */
  readonly sustainable: number;
  readonly moments: readonly Moment[];
  readonly report: OpenLoopReport;
  readonly acknowledged: number;
  /** Acknowledged items that never arrived. */
  readonly lost: number;
  readonly doubled: number;
  /** How the system ended: undefined when it had died before it was asked to. */
  readonly exitCode: number | null | undefined;
}

/** Items of one request. */
export const REQUEST_ITEMS = 100;
/** What the phase of overload offers, as a multiple of the sustainable rate, and what follows. */
export const OVERLOAD = 4;
export const AFTERWARDS = 0.9;
const AFTERWARDS_SECONDS = 12;

const FIND_SECONDS = 12;
/** Until then queues fill, and the rate is not that of the back end. */
const FIND_FROM_SECONDS = 6;
const DRAIN_MS = 60_000;

/** Runs one system between an open-loop load generator and a slow back end, and finds out what it answered, kept and lost. */
export async function runOverload(overload: Overload, folder: string): Promise<OverloadResult> {
  const sink = spawnPinned(["test/lib/sink.ts", "--items-per-second", String(overload.capacity)]);
  const [line] = (await once(createInterface({ input: sink.stdout }), "line")) as [string];
  const sinkPorts = JSON.parse(line) as { http: number; grpc: number };
  const [grpc = 0, http = 0] = await freePorts(2);
  const file = join(folder, "overload.yaml");
  writeFileSync(file, overloadYaml(overload.system, overload.protocol, { grpc, http, backEnd: sinkPorts[overload.protocol] }));
  const log = join(folder, `${overload.system}.log`);
  const system = startSystem(runFile(overload.system, file), log);
  const backEnd = `http://127.0.0.1:${sinkPorts.http}`;
  try {
    await whenReady(system, http, log);
    const target = `http://127.0.0.1:${overload.protocol === "grpc" ? grpc : http}`;
    const found = offer(target, overload.protocol, 1, `${overload.capacity * 2}:${FIND_SECONDS}`, () => undefined);
    const sustainable = await arrivalRate(backEnd);
    const first = await found;
    const moments: Moment[] = [];
    const phases = `${Math.round(OVERLOAD * sustainable)}:${overload.seconds},${Math.round(AFTERWARDS * sustainable)}:${AFTERWARDS_SECONDS}`;
    const report = await offer(target, overload.protocol, 2, phases, (sample) =>
      moments.push({ ...sample, residentMB: residentMB(processTree(system.pid ?? 0)) }),
    );
    const died = system.exitCode !== null || system.signalCode !== null;
    await stopChild(system, DRAIN_MS);
    const ranges = [...first.ranges, ...report.ranges];
    const { doubled } = await statsOf(backEnd);
    return {
      sustainable,
      moments,
      report,
      acknowledged: ranges.reduce((sum, [, from, to]) => sum + to - from, 0),
      lost: await missingAt(backEnd, ranges),
      doubled,
      exitCode: died ? undefined : system.exitCode,
    };
  } finally {
    await stopChild(system);
    await stopChild(sink);
  }
}

async function offer(
  target: string,
  protocol: string,
  sender: number,
  phases: string,
  observe: (sample: LoadSample) => void,
): Promise<OpenLoopReport> {
  const connections = protocol === "grpc" ? 16 : 256;
  const shape = `--items ${REQUEST_ITEMS} --sender ${sender} --connections ${connections}`;
  const generator = spawnPinned([
    "test/lib/open-loop.ts",
    "--target",
    target,
    ...`--protocol ${protocol} --phases ${phases} ${shape}`.split(" "),
  ]);
  let last = "{}";
  createInterface({ input: generator.stdout }).on("line", (text) => {
    last = text;
    if (text.startsWith('{"at"')) observe(JSON.parse(text) as LoadSample);
  });
  await once(generator, "close");
  return JSON.parse(last) as OpenLoopReport;
}

async function arrivalRate(backEnd: string): Promise<number> {
  await sleep(FIND_FROM_SECONDS * 1000);
  const started = performance.now();
  const before = (await statsOf(backEnd)).items;
  await sleep((FIND_SECONDS - FIND_FROM_SECONDS) * 1000);
  return ((await statsOf(backEnd)).items - before) / ((performance.now() - started) / 1000);
}

function spawnPinned(args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
  const [command = "", ...rest] = pin("load", [process.execPath, ...args]);
  return spawn(command, rest, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
}
