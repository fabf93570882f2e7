// The Go Collector and Tidemark with one YAML file, one kill script and one stored queue.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@tidemark/core/testing";
import { runFile } from "../bench/peers/systems.ts";
import { OTELCOL } from "../lib/peers.ts";
import { between } from "../lib/random.ts";
import { readOptions } from "../lib/script-options.ts";
import { Books } from "./books.ts";
import { Load, REQUEST_ITEMS } from "./load.ts";
import { startMoodySink, type MoodySink } from "./moody-sink.ts";
import type { Ports } from "./pipeline-yaml.ts";
import { writeResults } from "./report.ts";
import { steadyPorts, Subject } from "./subject.ts";

type System = "otelcol" | "tidemark";

const SYSTEMS: readonly System[] = ["otelcol", "tidemark"];
const LAG_MS = 1000;
/** So long before a kill something may have been answered without being noted as delivered: one write of the database. */
const NOTED_MS = 250;
const QUIET_MS = 5000;
/** As long as nothing has come at all. */
const FIRST_MS = 40_000;
const DRAIN_DEADLINE_MS = 120_000;
/** A row of the source's cache, 100 of them every 30 seconds (requirement F-12). */
const SOURCE_ROWS_PER_SECOND = 100 / 30;
/** By turns; the middle ratio counts. */
const DRAIN_ROUNDS = 3;
/** Drain rate against otelcol's. */
const GOAL = 10;

const ABOUT = `The Go Collector and Tidemark with one YAML file, one kill script and one stored queue.`;
const OPTIONS = {
  kills: { value: "N", default: "20", about: "Kills of each system, without and with its batch processor." },
  requests: { value: "N", default: "10000", about: "Stored requests that are drained." },
  seed: { value: "N", default: "1", about: "Of the moments of the kills." },
  write: { about: "Put the results into test/chaos/README.md." },
} as const;

/** What the kill script has shown of one system. */
interface Killed {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  /** What the back end had in its hands at the kills, or had just answered. */
  readonly inFlight: number;
}

/** How fast a stored queue was sent on. */
interface Drained {
  readonly requests: number;
  readonly perSecond: number;
}

/** Runs the comparison; resolves with the exit code. */
export async function sideBySide(args: readonly string[]): Promise<number> {
  const values = readOptions({ command: "npm run chaos -- otelcol", about: ABOUT, options: OPTIONS }, args);
  if (typeof values === "number") return values;
  if (!existsSync(OTELCOL)) {
    console.log("skipped: the side-by-side run needs otelcol-peer, which ../shared/peers builds");
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "tidemark-chaos-"));
  try {
    const options = { folder, seed: Number(values.seed) };
    const kills = await compareKills({ ...options, kills: Number(values.kills) });
    const drains = await compareDrains({ ...options, requests: Number(values.requests) });
    if (values.write) writeResults("otelcol", `${kills.text}\n\n${drains.text}`);
    return kills.isGood && drains.isGood ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Comparison {
  readonly text: string;
  readonly isGood: boolean;
}

async function compareKills(options: { readonly folder: string; readonly seed: number; readonly kills: number }): Promise<Comparison> {
  const rows = [["", "kills", "acknowledged records", "lost", "doubled", "in flight"]];
  let isGood = true;
  for (const isBatched of [false, true]) {
    for (const system of SYSTEMS) {
      const { acknowledged, lost, doubled, inFlight } = await killed(system, isBatched, options);
      if (system === "tidemark") isGood &&= lost === 0 && doubled <= inFlight;
      const name = `${system}, ${isBatched ? "batch processor" : "no batch processor"}`;
      const row = [name, ...[options.kills, acknowledged, lost, doubled, inFlight].map(String)];
      console.log(`${name}: ${lost} of ${acknowledged} records lost, ${doubled} doubled in ${options.kills} kills, ${inFlight} in flight`);
      rows.push(row);
    }
  }
  return { text: table(rows), isGood };
}

async function compareDrains(options: { readonly folder: string; readonly seed: number; readonly requests: number }): Promise<Comparison> {
  const rows = [["", "stored requests of ten records", "records/s", "requests/s"]];
  const ratios: number[] = [];
  for (let round = 0; round < DRAIN_ROUNDS; round += 1) {
    const rates: number[] = [];
    for (const system of SYSTEMS) {
      const { requests, perSecond } = await drained(system, { ...options, seed: options.seed + round });
      rates.push(perSecond);
      rows.push([`${system}, round ${round + 1}`, String(requests), perSecond.toFixed(0), (perSecond / REQUEST_ITEMS).toFixed(0)]);
      console.log(`${system}: ${requests} stored requests drained at ${perSecond.toFixed(0)} records/s`);
    }
    ratios.push((rates[1] ?? 0) / (rates[0] ?? 1));
  }
  const [least = 0, middle = 0, most = 0] = ratios.toSorted((a, b) => a - b);
  const isGood = middle >= GOAL;
  const verdict = `Drain: ${middle.toFixed(1)} times otelcol's (${least.toFixed(1)} to ${most.toFixed(1)}; goal ${GOAL}: ${isGood ? "reached" : "falls short"}). The source's cache drains ${SOURCE_ROWS_PER_SECOND.toFixed(1)} rows/s.`;
  console.log(verdict);
  return { text: `${table(rows)}\n\n${verdict}`, isGood };
}

interface Rig {
  readonly books: Books;
  readonly sink: MoodySink;
  readonly subject: Subject;
  readonly load: Load;
  readonly random: () => number;
}

async function withRig<T>(
  system: System,
  isBatched: boolean,
  { folder, seed, isEager = false }: { readonly folder: string; readonly seed: number; readonly isEager?: boolean },
  work: (rig: Rig) => Promise<T>,
): Promise<T> {
  const random = seededRandom(seed);
  const books = new Books(LAG_MS);
  const sink = await startMoodySink(books, random);
  const ports = await steadyPorts();
  const home = mkdtempSync(join(folder, `${system}-`));
  const storage = join(home, "storage");
  const yaml = sharedYaml({ storage, ports, backEnd: sink.http, isBatched });
  const subject = new Subject({ folder: home, storage, ports, yaml, command: (file) => runFile(system, file) });
  const load = new Load(subject, books, random, { signals: ["traces"], isEager });
  try {
    return await work({ books, sink, subject, load, random });
  } finally {
    load.close();
    await subject.kill();
    await sink.close();
  }
}

function killed(
  system: System,
  isBatched: boolean,
  options: { readonly folder: string; readonly seed: number; readonly kills: number },
): Promise<Killed> {
  return withRig(system, isBatched, options, async ({ books, sink, subject, load, random }) => {
    load.start();
    let inFlight = 0;
    for (let kill = 0; kill < options.kills; kill += 1) {
      await subject.start();
      await sleep(between(random, 50, 1000));
      const at = await subject.kill();
      books.interrupted(at);
      inFlight += sink.itemsSince(at - NOTED_MS);
    }
    await subject.start();
    await load.stop();
    await quiet(sink, books);
    await subject.stop();
    const { acknowledged, missing, doubled } = books.balance();
    return { acknowledged, lost: missing, doubled, inFlight };
  });
}

function drained(system: System, options: { readonly folder: string; readonly seed: number; readonly requests: number }): Promise<Drained> {
  return withRig(system, false, { ...options, isEager: true }, async ({ books, sink, subject, load }) => {
    sink.mood = () => "down";
    await subject.start();
    load.start();
    while (load.answers.acknowledged < options.requests * REQUEST_ITEMS && subject.isAlive) await sleep(20);
    await load.stop();
    sink.mood = () => "healthy";
    await quiet(sink, books);
    const { first, last } = sink.taken;
    const { acknowledged: records, arrived } = books.balance();
    return { requests: records / REQUEST_ITEMS, perSecond: arrived / ((last - first) / 1000) };
  });
}

/** Waits until everything acknowledged is there, or nothing has come for a while. Who has waited long tries again after a while only. */
async function quiet(sink: MoodySink, books: Books): Promise<void> {
  const began = performance.now();
  const first = sink.requests;
  for (let requests = first, since = began; performance.now() - began < DRAIN_DEADLINE_MS; await sleep(50)) {
    if (books.missing().next().done === true) return;
    if (sink.requests !== requests) since = performance.now();
    else if (performance.now() - since > (requests === first ? FIRST_MS : QUIET_MS)) return;
    requests = sink.requests;
  }
}

function sharedYaml(options: {
  readonly storage: string;
  readonly ports: Ports;
  readonly backEnd: string;
  readonly isBatched: boolean;
}): string {
  const { storage, ports, backEnd, isBatched } = options;
  return `receivers:
  otlp:
    protocols:
      http: { endpoint: "127.0.0.1:${ports.http}" }
processors:
  batch: { send_batch_size: 200, timeout: 200ms }
exporters:
  otlphttp:
    endpoint: "${backEnd}"
    compression: none
    retry_on_failure: { initial_interval: 500ms, max_interval: 2s, max_elapsed_time: 0s }
    sending_queue: { storage: file_storage, queue_size: 1000000 }
extensions:
  health_check: { endpoint: "127.0.0.1:${ports.health}" }
  file_storage: { directory: "${storage}", create_directory: true, fsync: true }
service:
  extensions: [health_check, file_storage]
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    traces: { receivers: [otlp], processors: [${isBatched ? "batch" : ""}], exporters: [otlphttp] }
`;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
