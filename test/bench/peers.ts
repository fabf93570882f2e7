// Tidemark beside the Go Collector and Rotel on the same bytes and, but for Rotel, the same YAML. The peers are built by the folder
// ../shared/peers beside this repository.
//
//   npm run bench -- peers [--goals] [--rows PATTERN[,PATTERN…]] [--seconds 5] [--rounds 3] [--write]
//
// A row is work:transport:compression:signal:items-per-request[@items-per-second]; in a pattern, * stands for any text. --goals takes
// the rows with a goal for speed or latency. --write writes test/bench/RESULTS.md.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../lib/child.ts";
import { BUILD_PEERS } from "../lib/peers.ts";
import { rowsWithGoals } from "./peers/goals.ts";
import { hasH2load } from "./peers/h2load.ts";
import { measure, type Measurement } from "./peers/measure.ts";
import { linesOf, verdictsOf, type Line, type RowResult, type Verdict } from "./peers/results.ts";
import { lineText, resultsPage, verdictText } from "./peers/report.ts";
import { rowName, selectRows, type Row } from "./peers/rows.ts";
import { SYSTEMS, type System } from "./peers/systems.ts";

/** Start, warm-up, draining and end of one measurement, beside the seconds that are measured. */
const OVERHEAD_SECONDS = 5;

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "*" },
    goals: { type: "boolean", default: false },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

async function compare(rows: readonly Row[]): Promise<number> {
  const turns = rows.reduce((sum, row) => sum + SYSTEMS.filter((system) => system.runs(row)).length, 0) * rounds;
  console.log(`${rows.length} rows, ${rounds} rounds: about ${Math.ceil((turns * (seconds + OVERHEAD_SECONDS)) / 60)} minutes`);
  const folder = mkdtempSync(join(tmpdir(), "tidemark-peers-"));
  const lines: Line[] = [];
  const verdicts: Verdict[] = [];
  try {
    for (const row of rows) {
      const result = await runRow(row, folder);
      const ofRow = linesOf(result);
      const judged = verdictsOf(result, ofRow);
      for (const line of ofRow) console.log(lineText(line));
      for (const verdict of judged) console.log(verdictText(verdict));
      lines.push(...ofRow);
      verdicts.push(...judged);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const short = verdicts.filter(({ good }) => !good);
  console.log(`\n${verdicts.length - short.length} of ${verdicts.length} goals reached`);
  const date = new Date().toISOString().slice(0, 10);
  if (values.write) writeFileSync(join(root, "test/bench/RESULTS.md"), resultsPage(lines, verdicts, { seconds, rounds, date }));
  return short.length === 0 ? 0 : 1;
}

async function runRow(row: Row, folder: string): Promise<RowResult> {
  const systems = SYSTEMS.filter((system) => system.runs(row));
  const results = new Map<System["name"], (Measurement | undefined)[]>(systems.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const system of systems) {
      const measurement = await measure(system, row, seconds, folder).catch((error: unknown) => {
        console.error(`${rowName(row)} ${system.name}: ${String(error)}`);
        return undefined;
      });
      results.get(system.name)?.push(measurement);
    }
  }
  return { row, rounds: results };
}

const rows = values.goals ? rowsWithGoals() : selectRows(values.rows.split(","));
if (!existsSync(BUILD_PEERS)) console.log("skipped: the side-by-side run needs the folder ../shared/peers beside this repository");
else if (!hasH2load()) console.log("skipped: the side-by-side run needs h2load (Debian package nghttp2-client)");
else if (rows.length === 0) {
  console.error(`no row matches ${values.rows}; a row is named like ${rowName(selectRows(["*"])[0] as Row)}`);
  process.exitCode = 2;
} else if (spawnSync("sh", [BUILD_PEERS], { stdio: ["ignore", "ignore", "inherit"] }).status === 0) process.exitCode = await compare(rows);
else process.exitCode = 1;
