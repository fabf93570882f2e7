import { median } from "../../lib/median.ts";
import { goalOf } from "./goals.ts";
import type { Measurement } from "./measure.ts";
import { rowName, type Row } from "./rows.ts";
import type { System } from "./systems.ts";

type Name = System["name"];

/** What the rounds of one row gave: for each system one measurement a round, nothing where it failed. */
export interface RowResult {
  readonly row: Row;
  readonly rounds: ReadonlyMap<Name, readonly (Measurement | undefined)[]>;
}

/** One system on one row over all rounds. */
export interface Line {
  readonly row: string;
  readonly system: Name;
  readonly itemsPerCpuSecond: number;
  /** To the Go Collector, round by round; undefined where it did not run. */
  readonly ratio: Spread | undefined;
  readonly cpuShare: number;
  readonly residentMB: { readonly mean: number; readonly max: number };
  readonly latencyMs: Measurement["latencyMs"];
  readonly accepted: number;
  readonly delivered: number;
  readonly itemsPerSecond: number;
}

export interface Spread {
  readonly median: number;
  readonly worst: number;
  readonly best: number;
}

/** Whether a goal was reached. */
export interface Verdict {
  readonly row: string;
  readonly goal: string;
  readonly got: string;
  readonly good: boolean;
}

/** The lines of a row, a system each. */
export function linesOf({ row, rounds }: RowResult): Line[] {
  const lines: Line[] = [];
  for (const [system, list] of rounds) {
    const all = list.filter((each) => each !== undefined);
    if (all.length === 0) continue;
    const middle = (of: (each: Measurement) => number): number => median(all.map(of));
    const sum = (of: (each: Measurement) => number): number => all.reduce((total, each) => total + of(each), 0);
    lines.push({
      row: rowName(row),
      system,
      itemsPerCpuSecond: middle((each) => each.itemsPerCpuSecond),
      ratio: ratioTo("otelcol", system, rounds),
      cpuShare: middle((each) => each.cpuShare),
      residentMB: { mean: middle((each) => each.residentMB.mean), max: Math.max(...all.map((each) => each.residentMB.max)) },
      latencyMs:
        row.rate === undefined
          ? undefined
          : { p50: middle((each) => each.latencyMs?.p50 ?? Number.NaN), p99: middle((each) => each.latencyMs?.p99 ?? Number.NaN) },
      accepted: sum((each) => each.accepted),
      delivered: sum((each) => each.delivered),
      itemsPerSecond: middle((each) => each.itemsPerSecond),
    });
  }
  return lines;
}

/** What Tidemark reached of the row's goals. */
export function verdictsOf({ row, rounds }: RowResult, lines: readonly Line[]): Verdict[] {
  const line = lines.find(({ system }) => system === "tidemark");
  if (line === undefined) return [];
  const { ratio: target, beatsRotel, residentMB } = goalOf(row);
  const verdicts: Verdict[] = [];
  const judge = (goal: string, got: string, good: boolean): number => verdicts.push({ row: rowName(row), goal, got, good });
  if (target !== undefined && line.ratio !== undefined) judge(`≥ ${target} × otelcol`, spreadText(line.ratio), line.ratio.median >= target);
  const toRotel = beatsRotel ? ratioTo("rotel", "tidemark", rounds) : undefined;
  if (toRotel !== undefined) judge("faster than Rotel", spreadText(toRotel), toRotel.median > 1);
  judge(`RSS < ${residentMB} MB`, `${line.residentMB.max.toFixed(0)} MB`, line.residentMB.max < residentMB);
  if (row.work !== "sampler")
    judge("all delivered", `${Math.max(0, line.accepted - line.delivered)} missing`, line.delivered >= line.accepted);
  return verdicts;
}

/** Such as `×2.56 (2.31–2.70)`. */
export function spreadText({ median: middle, worst, best }: Spread): string {
  return `×${middle.toFixed(2)} (${worst.toFixed(2)}–${best.toFixed(2)})`;
}

function ratioTo(base: Name, system: Name, rounds: RowResult["rounds"]): Spread | undefined {
  const bases = rounds.get(base) ?? [];
  const ratios = (rounds.get(system) ?? []).flatMap((each, round) => {
    const other = bases[round];
    return each === undefined || other === undefined || other.itemsPerCpuSecond === 0
      ? []
      : [each.itemsPerCpuSecond / other.itemsPerCpuSecond];
  });
  return ratios.length === 0 ? undefined : { median: median(ratios), worst: Math.min(...ratios), best: Math.max(...ratios) };
}
