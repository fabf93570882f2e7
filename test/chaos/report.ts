import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { RoundResult, Scenario } from "./trial.ts";

const README = fileURLToPath(new URL("README.md", import.meta.url));
const COLUMNS = ["acknowledged", "missing", "doubled", "unexplained", "deadLettered", "damaged", "refused"] as const;
const TITLES: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  acknowledged: "acknowledged",
  missing: "missing",
  doubled: "doubled",
  unexplained: "unexplained",
  deadLettered: "dead letters",
  damaged: "damaged",
  refused: "refused requests",
};

interface Sum {
  readonly event: string;
  rounds: number;
  failed: number;
  events: number;
  seconds: number;
  readonly counts: Record<(typeof COLUMNS)[number], number>;
}

/** Prints each round, and adds up. */
export class Report {
  readonly #seed: number;
  readonly #sums: Map<string, Sum> = new Map();

  constructor(seed: number) {
    this.#seed = seed;
  }

  get isGood(): boolean {
    return [...this.#sums.values()].every(({ failed, rounds }) => failed === 0 && rounds > 0) && this.#sums.size > 0;
  }

  add({ name, event }: Scenario, seed: number, result: RoundResult, ms: number): void {
    const sum = this.#sums.get(name) ?? { event, rounds: 0, failed: 0, events: 0, seconds: 0, counts: zeros() };
    this.#sums.set(name, sum);
    sum.rounds += 1;
    sum.events += result.events;
    sum.seconds += ms / 1000;
    if (result.faults.length > 0) sum.failed += 1;
    for (const column of COLUMNS) sum.counts[column] += result[column];
    const counts = COLUMNS.filter((column) => column === "acknowledged" || column === "missing" || result[column] > 0);
    const texts = counts.map((column) => `${TITLES[column]} ${result[column]}`);
    const head = `${name.padEnd(12)} seed ${seed}  ${(ms / 1000).toFixed(1).padStart(5)} s  ${result.shape.padEnd(24)}`;
    const note = result.note === undefined ? [] : [result.note];
    console.log(
      `${head} ${[`${result.events} ${event}`, ...texts, ...note].join(", ")}  ${result.faults.length === 0 ? "PASS" : "FAILED"}`,
    );
    for (const fault of result.faults) console.log(`    ${fault}`);
    if (result.faults.length > 0) console.log(`    npm run chaos -- --scenario ${name} --seed ${seed} --rounds 1`);
  }

  /** A Markdown table of the sums. */
  table(): string {
    const titles = ["scenario", "rounds", "what happened", ...COLUMNS.map((column) => TITLES[column]), "result"];
    const rows = [...this.#sums].map(([name, { event, rounds, failed, events, counts }]) => [
      name,
      String(rounds),
      `${events} ${event}`,
      ...COLUMNS.map((column) => String(counts[column])),
      failed === 0 ? "pass" : `${failed} failed`,
    ]);
    return [titles, titles.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  }

  /** Puts the table into the README. */
  write(): void {
    const minutes = [...this.#sums.values()].reduce((sum, { seconds }) => sum + seconds, 0) / 60;
    writeResults(
      "chaos",
      `Seed ${this.#seed}, ${minutes.toFixed(0)} minutes. Counts are items unless the title says otherwise.\n\n${this.table()}`,
    );
  }
}

/** Replaces one part of the README, between its markers, by results with date and machine. */
export function writeResults(part: string, results: string): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`;
  const text = readFileSync(README, "utf8");
  const [begin, end] = [`<!-- results: ${part} -->`, `<!-- /results: ${part} -->`];
  const [before = "", rest = ""] = text.split(begin);
  const [, after = ""] = rest.split(end);
  writeFileSync(README, `${before}${begin}\n\n${new Date().toISOString().slice(0, 10)}, ${machine}.\n\n${results}\n\n${end}${after}`);
}

function zeros(): Sum["counts"] {
  return { acknowledged: 0, missing: 0, doubled: 0, unexplained: 0, deadLettered: 0, damaged: 0, refused: 0 };
}
