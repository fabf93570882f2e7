import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "@tidemark/core";
import { seededRandom } from "@tidemark/core/testing";
import { Books } from "./books.ts";
import { Load } from "./load.ts";
import { startMoodySink, type MoodySink } from "./moody-sink.ts";
import { pipelineYaml, type Shape } from "./pipeline-yaml.ts";
import { steadyPorts, Subject, tidemark, type Ledger } from "./subject.ts";

/** What delivered items are noted after: a moment, and a commit of a database on a busy disk. */
const LAG_MS = 1000;
/** Draining ends without success when nothing has moved for so long. */
const STANDSTILL_MS = 12_000;
const REPORTS_MS = 3000;
/** 2^32 divided by the golden ratio. */
const SPREAD = 0x9e37_79b1;
const BATCHINGS = ["none", "processor", "queue"] as const;

/** What a round is made from. */
export interface RoundOptions {
  readonly seed: number;
  /** For files; goes with the run. */
  readonly folder: string;
  /** Share of the usual length: 1, or less for a short run. */
  readonly scale: number;
  readonly workers: number;
}

/** What a round has shown. Counts are items but for `events`. */
export interface RoundResult {
  readonly shape: string;
  /** Kills, reloads, jumps or whatever the scenario does. */
  readonly events: number;
  readonly acknowledged: number;
  readonly missing: number;
  readonly doubled: number;
  readonly unexplained: number;
  readonly deadLettered: number;
  /** Acknowledged items whose records were damaged on the disk afterwards, and which are gone. */
  readonly damaged: number;
  readonly refused: number;
  readonly faults: readonly string[];
  readonly note?: string;
}

/** One kind of trouble. */
export interface Scenario {
  readonly name: string;
  /** What an event is, for the table. */
  readonly event: string;
  /** Share of a run's time, beside the others. */
  readonly weight: number;
  /** Why it cannot be tried here. */
  readonly skipped?: () => string | undefined;
  readonly run: (options: RoundOptions) => Promise<RoundResult>;
}

/** What the collector is tried with: clients on one side, a back end on the other, and books of both. */
export interface Trial {
  readonly random: Random;
  readonly books: Books;
  readonly sink: MoodySink;
  readonly subject: Subject;
  readonly load: Load;
  readonly shape: Shape;
  /** What must not be, in words. */
  readonly faults: string[];
}

/** Sets a trial up, runs `work`, and takes it down. */
export async function withTrial<T>(
  { seed, folder, workers }: RoundOptions,
  change: Partial<Shape>,
  work: (trial: Trial) => Promise<T>,
): Promise<T> {
  const random = seededRandom(Math.imul(seed, SPREAD)); // neighbouring seeds of xorshift begin alike
  const books = new Books(LAG_MS);
  const sink = await startMoodySink(books, random);
  const batching = BATCHINGS[Math.floor(random() * BATCHINGS.length)] ?? "none";
  const shape: Shape = { batching, transport: random() < 0.7 ? "http" : "grpc", backEnd: sink, ...change };
  const options = [...(workers > 1 ? ["--workers", String(workers)] : []), ...(shape.isWatched === true ? ["--watch"] : [])];
  const home = join(folder, `round-${seed}`);
  const storage = shape.storage ?? join(home, "storage");
  const ports = await steadyPorts();
  const yaml = pipelineYaml({ ...shape, storage }, ports);
  const subject = new Subject({ folder: home, storage, ports, yaml, command: (file) => tidemark(file, options) });
  const load = new Load(subject, books, random);
  try {
    return await work({ random, books, sink, subject, load, shape, faults: [] });
  } finally {
    load.close();
    await subject.kill();
    await sink.close();
  }
}

/**
 * Ends the load, lets everything flow out to a healthy back end, and stops the collector; notes in `faults` what is wrong. Draining has
 * failed when nothing has moved for `standstillMs`.
 */
export async function settle(trial: Trial, standstillMs: number = STANDSTILL_MS): Promise<void> {
  const { load, sink, subject, faults } = trial;
  sink.mood = () => "healthy";
  if (!subject.isAlive) await subject.start();
  const forgotten = await load.stop();
  if (forgotten > 0) faults.push(`${forgotten} clients never got an answer`);
  await drain(trial, standstillMs);
  await checkBooks(trial);
  const code = await subject.stop();
  if (code !== 0) faults.push(`exit code ${code}: ${subject.recent(3)}`);
  const left = subject.segments();
  if (left.length > 0) faults.push(`${left.length} segment files are left after draining`);
  for (const [answer, times] of Object.entries(load.answers.wrong)) faults.push(`${times} clients were told ${answer}`);
}

async function checkBooks({ subject, faults }: Trial): Promise<void> {
  const health = await subject.healthText();
  if (health?.status !== 200) faults.push(`health after draining: ${health?.text ?? "no answer"}`);
  // The books of several workers are as old as their last reports.
  let ledger = await subject.ledger();
  for (let waited = 0; waited < REPORTS_MS && heldIn(ledger).length > 0; waited += 100) {
    await sleep(100);
    ledger = await subject.ledger();
  }
  if (ledger?.balanced !== true) faults.push(`the books do not balance: ${ledger?.violations.join("; ") ?? "no answer"}`);
  for (const node of heldIn(ledger)) faults.push(`${node.key} holds ${node.held} items after draining`);
}

function heldIn(ledger: Ledger | undefined): Ledger["nodes"] {
  return ledger?.nodes.filter((node) => node.held !== 0) ?? [];
}

/** Waits until everything acknowledged has arrived, and nothing comes any more. */
async function drain({ books, sink }: Trial, standstillMs: number): Promise<void> {
  let requests = -1;
  for (let quietMs = 0; quietMs < standstillMs; quietMs += 100) {
    await sleep(100);
    if (sink.requests !== requests) quietMs = 0;
    requests = sink.requests;
    if (quietMs >= 300 && books.missing().next().done === true) return;
  }
}

/** Puts the result of a settled trial together. */
export function resultOf(
  trial: Trial,
  more: { readonly events: number; readonly deadLettered?: number; readonly damaged?: number; readonly note?: string },
): RoundResult {
  const { books, load, shape, faults } = trial;
  const { acknowledged, missing, doubled, unexplained } = books.balance();
  const damaged = more.damaged ?? 0;
  if (acknowledged === 0) faults.push("nothing was acknowledged: the round shows nothing");
  if (missing > damaged) faults.push(`${missing - damaged} acknowledged items are missing`);
  if (unexplained > 0) faults.push(`${unexplained} items came twice without a reason`);
  return {
    shape: `${shape.transport} ${shape.batching === "none" ? "unbatched" : `batched by ${shape.batching}`}`,
    events: more.events,
    acknowledged,
    missing: missing - damaged,
    doubled,
    unexplained,
    deadLettered: more.deadLettered ?? 0,
    damaged,
    refused: load.answers.refused,
    faults,
    ...(more.note === undefined ? {} : { note: more.note }),
  };
}
