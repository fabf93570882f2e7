// Offers four times what the pipeline can carry, by a load generator that does not wait for answers, with a slow back end: does memory
// stay flat, does every refused request hear that it may come back, is anything lost that was acknowledged, how soon is the full
// rate back? The Go Collector beside it where ../shared/peers has built it.
//
//   npm run bench -- overload [--minutes 5] [--system tidemark|otelcol|both] [--protocol http|grpc] [--capacity 25000]
//
// --capacity is what the back end works off, in spans a second.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findings } from "./overload/judge.ts";
import { BUDGET_MIB } from "./overload/overload-yaml.ts";
import {
  AFTERWARDS,
  OVERLOAD,
  REQUEST_ITEMS,
  runOverload,
  type Moment,
  type Overload,
  type OverloadResult,
} from "./overload/run-overload.ts";
import { OTELCOL } from "../lib/peers.ts";

const LINES = 30;
/** Half a second. */
const AFTERWARDS_STEP = 2;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    system: { type: "string", default: "both" },
    protocol: { type: "string", default: "http" },
    capacity: { type: "string", default: "25000" },
  },
});

function show(overload: Overload, result: OverloadResult): boolean {
  const { moments, sustainable } = result;
  const rates = `sustainable ${rate(sustainable)}, offered ${rate(OVERLOAD * sustainable)} for ${overload.seconds} s, then ${rate(AFTERWARDS * sustainable)}`;
  console.log(`\n${overload.system}, ${overload.protocol}: ${rates}; memory budget ${BUDGET_MIB} MiB`);
  console.log("     s    RSS MB   sent/s  acknowledged/s  refused/s   open   (spans; open: requests)");
  const overloaded = moments.filter(({ phase }) => phase === 0);
  const after = moments.filter(({ phase }) => phase === 1);
  showRows(overloaded, Math.max(1, Math.ceil(overloaded.length / LINES)));
  console.log("  the load ends");
  showRows(after, AFTERWARDS_STEP);
  const { latencyMs } = result.report.phases[0] ?? {};
  console.log(`  acknowledged under overload: p50 ${latencyMs?.p50} ms, p99 ${latencyMs?.p99} ms; doubled ${result.doubled}`);
  const all = findings(result);
  for (const { what, got, good } of all) console.log(`  ${good ? "PASS       " : "FALLS SHORT"} ${what}: ${got}`);
  return all.every(({ good }) => good);
}

function showRows(moments: readonly Moment[], step: number): void {
  for (let at = 0; at < moments.length; at += step) console.log(row(moments.slice(at, at + step)));
}

function row(moments: readonly Moment[]): string {
  const seconds = moments.length / 4;
  const perSecond = (of: "sent" | "acknowledged" | "refused"): string =>
    ((moments.reduce((sum, moment) => sum + moment[of], 0) * REQUEST_ITEMS) / seconds).toFixed(0);
  const last = moments.at(-1);
  const peak = Math.max(...moments.map((moment) => moment.residentMB)).toFixed(0);
  return `${((last?.at ?? 0) / 1000).toFixed(1).padStart(6)}${peak.padStart(10)}${perSecond("sent").padStart(9)}${perSecond("acknowledged").padStart(16)}${perSecond("refused").padStart(11)}${String(last?.open).padStart(7)}`;
}

function rate(itemsPerSecond: number): string {
  return `${(itemsPerSecond / 1000).toFixed(1)} k spans/s`;
}

const protocol = values.protocol === "grpc" ? "grpc" : "http";
const seconds = Number(values.minutes) * 60;
for (const system of ["tidemark", "otelcol"] as const) {
  if (values.system !== "both" && values.system !== system) continue;
  if (system === "otelcol" && !existsSync(OTELCOL)) {
    console.log("otelcol skipped: the build of ../shared/peers is not here");
    continue;
  }
  const folder = mkdtempSync(join(tmpdir(), "tidemark-overload-"));
  try {
    const overload: Overload = { system, protocol, capacity: Number(values.capacity), seconds };
    // Only what Tidemark does decides about success.
    if (!show(overload, await runOverload(overload, folder)) && system === "tidemark") process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
