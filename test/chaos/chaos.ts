// Real collectors under real trouble: is anything lost that was acknowledged, is anything doubled without a reason, do the books balance?
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions, type ScriptValues } from "../lib/script-options.ts";
import { Report } from "./report.ts";
import { scenarios } from "./scenarios/index.ts";
import type { RoundResult, Scenario } from "./trial.ts";

const OPTIONS = {
  minutes: { value: "N", default: "12", about: "How long; at least one round of each scenario." },
  seed: { value: "N", about: "Of the first round, and each next round has the next one; another one each time unless given." },
  scenario: { value: "NAME", about: `Only this one: ${scenarios.map(({ name }) => name).join(", ")}.` },
  rounds: { value: "N", about: "Ends after so many rounds, if time allows them." },
  workers: { value: "N", default: "1", about: "Worker processes of the collector, in every scenario." },
  scale: { value: "N", default: "1", about: "Share of the usual length of a round." },
  write: { about: "Put the results into test/chaos/README.md." },
} as const;
const ABOUT = `Real collectors under real trouble: is anything lost that was acknowledged, is anything doubled without a reason, do the books balance?
A round is one scenario under one seed. --scenario NAME --seed N --rounds 1 runs one again: the same choices, not the same moments.

"npm run chaos -- otelcol [options]" runs the Go Collector beside it; it has options of its own.`;

type Options = ScriptValues<typeof OPTIONS>;

/** The one that is furthest behind its share of the time. */
function nextOf(choices: readonly Scenario[], used: ReadonlyMap<string, number>): Scenario | undefined {
  const share = ({ name, weight }: Scenario): number => (used.get(name) ?? 0) / weight;
  return choices.toSorted((a, b) => share(a) - share(b))[0];
}

async function runAll(choices: readonly Scenario[], folder: string, values: Options & { readonly seed: string }): Promise<Report> {
  const report = new Report(Number(values.seed));
  const most = Number(values.rounds ?? Infinity);
  const used = new Map<string, number>();
  const end = performance.now() + Number(values.minutes) * 60_000;
  for (let round = 0; round < most && (performance.now() < end || used.size < choices.length); round += 1) {
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

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "otelcol") return (await import("./side-by-side.ts")).sideBySide(args.slice(1));
  const given = readOptions({ command: "npm run chaos --", about: ABOUT, options: OPTIONS }, args);
  if (typeof given === "number") return given;
  const values = { ...given, seed: given.seed ?? String(Date.now() % 1_000_000) };
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
    const report = await runAll(able, folder, values);
    console.log(report.table());
    if (values.write) report.write();
    return report.isGood ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
