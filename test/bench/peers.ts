// Side by side with the Go Collector on the same bytes and the same YAML, through the harness in ../shared/peers beside this
// repository, where that exists.   npm run bench peers [-- --rows batch:http:none:traces:100 --seconds 8 --rounds 3]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../lib/child.ts";

const HARNESS = join(root, "../shared/peers");
const RSS_TARGET_MB = 200;
/** Items per CPU-second, as a multiple of the Go Collector's. */
const TARGETS: Readonly<Record<string, number>> = { "batch:http:none:traces:100": 4, "batch:grpc:none:traces:100": 2.5 };

/** A line of the harness's JSON report. */
interface Line {
  readonly row: string;
  readonly system: string;
  readonly ratio: number;
  readonly rssMB: number;
  readonly accepted: number;
  readonly delivered: number;
}

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: Object.keys(TARGETS).join(",") },
    seconds: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
  },
});

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit" });
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 1;
}

async function compare(): Promise<number> {
  if ((await run("sh", [join(HARNESS, "build.sh")])) !== 0) return 1;
  const folder = await mkdtemp(join(tmpdir(), "tidemark-peers-"));
  try {
    const json = join(folder, "report.json");
    const tidemark = `${process.execPath} ${join(root, "packages/collector/bin/tidemark.js")} run {config}`;
    const suts = ["--sut", "otelcol=$PEERS/otelcol-peer --config {config}", "--sut", `tidemark=${tidemark}`];
    const limits = ["--rows", values.rows, "--seconds", values.seconds, "--rounds", values.rounds, "--json", json];
    const code = await run(process.execPath, [join(HARNESS, "bench.mjs"), ...suts, ...limits]);
    if (code !== 0) return code;
    judge(JSON.parse(readFileSync(json, "utf8")) as Line[]);
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function judge(lines: readonly Line[]): void {
  for (const { row, ratio, rssMB } of lines.filter(({ system }) => system === "tidemark")) {
    const target = TARGETS[row];
    if (target !== undefined) console.log(`${row}: ×${ratio.toFixed(2)}, target ×${target}: ${ratio >= target ? "PASS" : "FALLS SHORT"}`);
    console.log(`${row}: ${rssMB.toFixed(0)} MB, target ${RSS_TARGET_MB} MB: ${rssMB < RSS_TARGET_MB ? "PASS" : "FALLS SHORT"}`);
  }
}

if (existsSync(HARNESS)) process.exitCode = await compare();
else console.log("skipped: the side-by-side run needs the folder ../shared/peers beside this repository");
