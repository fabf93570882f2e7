// Real collectors under real trouble: is anything lost that was acknowledged, is anything doubled without a reason, do the books balance?
//
//   npm run chaos [-- --minutes 12 --seed 1 --scenario kills --workers 1 --write]
//   npm run chaos -- otelcol            the same beside the Go Collector (side-by-side.ts)
//
// A round is one scenario under one seed; `--scenario NAME --seed S --rounds 1` runs one again: the same choices, not the same moments.
// --write puts the results into test/chaos/README.md.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Report } from "./report.ts";
import { scenarios } from "./scenarios/index.ts";
import type { RoundResult, Scenario } from "./trial.ts";

const [command, ...rest] = process.argv.slice(2);
const isSideBySide = command === "otelcol";
const { values } = parseArgs({
  args: isSideBySide ? [] : process.argv.slice(2),
  options: {
    minutes: { type: "string", default: "12" },
    rounds: { type: "string", default: "Infinity" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    scenario: { type: "string" },
    workers: { type: "string", default: "1" },
    scale: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});

/** The one that is furthest behind its share of the time. */
function nextOf(choices: readonly Scenario[], used: ReadonlyMap<string, number>): Scenario | undefined {
  const share = ({ name, weight }: Scenario): number => (used.get(name) ?? 0) / weight;
  return choices.toSorted((a, b) => share(a) - share(b))[0];
}

async function runAll(choices: readonly Scenario[], folder: string): Promise<Report> {
  const report = new Report(Number(values.seed));
  const used = new Map<string, number>();
  const end = performance.now() + Number(values.minutes) * 60_000;
  for (let round = 0; round < Number(values.rounds) && (performance.now() < end || used.size < choices.length); round += 1) {
    const scenario = nextOf(choices, used);
    if (scenario === undefined) break;
    const seed = Number(values.seed) + round;
    const started = performance.now();
    const options = { seed, folder, scale: Number(values.scale), workers: Number(values.workers) };
    const result = await scenario.run(options).catch((error: unknown) => failed(error));
    const ms = performance.now() - started;
    used.set(scenario.name, (used.get(scenario.name) ?? 0) + ms);
    report.add(scenario, seed, result, ms);
  }
  return report;
}

/** A round that could not be run to its end counts as failed. */
function failed(error: unknown): RoundResult {
  const nothing = { events: 0, acknowledged: 0, missing: 0, doubled: 0, unexplained: 0, deadLettered: 0, damaged: 0, refused: 0 };
  return { ...nothing, shape: "?", faults: [error instanceof Error ? error.message : String(error)] };
}

async function main(): Promise<number> {
  if (isSideBySide) return (await import("./side-by-side.ts")).sideBySide(rest);
  const named = scenarios.filter(({ name }) => values.scenario === undefined || name === values.scenario);
  if (named.length === 0) {
    console.error(`There is no scenario "${values.scenario}". There are: ${scenarios.map(({ name }) => name).join(", ")}.`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "tidemark-chaos-"));
  try {
    const able = named.filter(({ name, skipped }) => {
      const why = skipped?.();
      if (why !== undefined) console.log(`${name} skipped: ${why}`);
      return why === undefined;
    });
    console.log(`seed ${values.seed}`);
    const report = await runAll(able, folder);
    console.log(report.table());
    if (values.write) report.write();
    return report.isGood ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
