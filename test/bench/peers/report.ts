import { cpus, release, totalmem } from "node:os";
import { spreadText, type Line, type Verdict } from "./results.ts";
import { SYSTEMS } from "./systems.ts";

/** How a run was made. */
export interface Circumstances {
  readonly seconds: number;
  readonly rounds: number;
  readonly date: string;
}

/** One line of the run, for the terminal. */
export function lineText(line: Line): string {
  const { row, system, ratio, cpuShare, residentMB, latencyMs, accepted, delivered } = line;
  const speed = `${(line.itemsPerCpuSecond / 1000).toFixed(0).padStart(6)} k items/CPU-s`;
  const ratioColumn = (ratio === undefined ? "" : spreadText(ratio)).padEnd(20);
  const memory = `${residentMB.mean.toFixed(0).padStart(4)}/${residentMB.max.toFixed(0)} MB`;
  const latency = latencyMs === undefined ? "" : `  p50 ${latencyMs.p50.toFixed(1)} ms  p99 ${latencyMs.p99.toFixed(1)} ms`;
  const rate = `${(line.itemsPerSecond / 1000).toFixed(0)} k/s`;
  return `${row.padEnd(33)} ${system.padEnd(9)}${speed}  ${ratioColumn} ${(cpuShare * 100).toFixed(0).padStart(3)} % CPU  ${memory}  ${rate}  accepted ${accepted} delivered ${delivered}${latency}`;
}

/** One goal of a row, for the terminal. */
export function verdictText({ row, goal, got, good }: Verdict): string {
  return `  ${good ? "PASS       " : "FALLS SHORT"} ${row}: ${goal}: ${got}`;
}

/** The whole report, as Markdown. */
export function resultsPage(lines: readonly Line[], verdicts: readonly Verdict[], made: Circumstances): string {
  const saturated = lines.filter(({ latencyMs }) => latencyMs === undefined);
  const fixed = lines.filter(({ latencyMs }) => latencyMs !== undefined);
  const short = verdicts.filter(({ good }) => !good);
  return [
    "# Beside the Go Collector and Rotel",
    "",
    "Written by `npm run bench -- peers --write`; not edited by hand.",
    "",
    ...circumstances(made),
    "",
    "Each system runs alone on CPU 0, the load generator and the back end on CPU 1, the systems by turns round by round, over the same",
    "bytes. *Items per CPU-second* are items that arrived at the back end for each second of user and system time of the whole system,",
    "the time to empty its queues included; ratios are to otelcol in the same round, median (worst–best). `batch` answers a client when",
    "its data is queued in memory; `direct` when the back end has answered. Rotel has no such mode: it answers when it has queued.",
    "The sampler's rows count accepted items, since it drops on purpose. A row is work:transport:compression:signal:items per request.",
    "A saturated run in which a system used less than a quarter of its CPU, because loopback TCP stalled, was made again.",
    "The counts are sums over all rounds; h2load does not see gRPC errors, so a gRPC row that accepted more than it delivered may have refused.",
    "",
    "## Goals",
    "",
    `${verdicts.length - short.length} of ${verdicts.length} reached.`,
    "",
    ...table(
      ["row", "goal", "reached", ""],
      verdicts.map(({ row, goal, got, good }) => [row, goal, got, good ? "PASS" : "**FALLS SHORT**"]),
    ),
    "",
    "## As much as they can take",
    "",
    ...table(
      ["row", "system", "k items per CPU-second", "to otelcol", "CPU", "RSS mean / max MB", "k items/s", "accepted", "delivered"],
      saturated.map((line) => [...common(line), `${line.accepted}`, `${line.delivered}`]),
    ),
    "",
    "## At a fixed rate",
    "",
    "Requests are sent at fixed times, whether or not earlier ones were answered; the time to an answer counts from the planned moment.",
    "",
    ...table(
      ["row", "system", "k items per CPU-second", "to otelcol", "CPU", "RSS mean / max MB", "k items/s", "p50 ms", "p99 ms", "missing"],
      fixed.map((line) => [
        ...common(line),
        line.latencyMs?.p50.toFixed(1) ?? "",
        line.latencyMs?.p99.toFixed(1) ?? "",
        `${Math.max(0, line.accepted - line.delivered)}`,
      ]),
    ),
    "",
  ].join("\n");
}

function circumstances({ seconds, rounds, date }: Circumstances): string[] {
  const processors = cpus();
  const versions = SYSTEMS.map(({ name, version }) => `${name} (${version()})`).join(", ");
  return [
    `- date: ${date}; ${rounds} ${rounds === 1 ? "round" : "rounds"} of ${seconds} s a system and row`,
    `- machine: ${processors.length} × ${processors[0]?.model ?? "unknown CPU"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, kernel ${release()}`,
    `- systems: ${versions}`,
  ];
}

function common(line: Line): string[] {
  const { row, system, itemsPerCpuSecond, ratio, cpuShare, residentMB, itemsPerSecond } = line;
  const memory = `${residentMB.mean.toFixed(0)} / ${residentMB.max.toFixed(0)}`;
  const relation = ratio === undefined ? "" : spreadText(ratio);
  return [
    row,
    system,
    (itemsPerCpuSecond / 1000).toFixed(0),
    relation,
    `${(cpuShare * 100).toFixed(0)} %`,
    memory,
    (itemsPerSecond / 1000).toFixed(0),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}
