import type { LoadedConfig } from "@tidemark/config";
import type { NodeChange } from "@tidemark/core";
import { isDeepStrictEqual } from "node:util";
import { createCollector } from "../../collector.ts";
import { CONFIG_OPTIONS, type Command } from "../command.ts";
import { EXIT, UsageError, type CliIo } from "../io.ts";
import { loadOrReport } from "../load.ts";

export const planCommand: Command = {
  name: "plan",
  usage: "[--config] NEW… --against OLD",
  summary: "Say what a reload from one configuration to another does to each node.",
  details: "It builds both, but starts nothing and opens no port. --set holds for both.",
  takesFiles: true,
  options: {
    ...CONFIG_OPTIONS,
    against: { value: "FILE", repeatable: true, description: "The configuration that runs now." },
    format: { value: "FORMAT", choices: ["text", "json"], description: "How to show the nodes (default text)." },
  },
  run: async (args, io) => {
    const olds = args.all("against");
    if (olds.length === 0) throw new UsageError("say what runs now: --against old.yaml");
    const next = await loadOrReport(args, io);
    const before = next === undefined ? undefined : await loadOrReport({ ...args, sources: olds }, io);
    if (next === undefined || before === undefined) return EXIT.usage;
    const nodes = await planOf(before, next, io);
    if (nodes === undefined) return EXIT.usage;
    const isTelemetryNew = !isDeepStrictEqual(before.telemetry, next.telemetry);
    if (args.value("format") === "json") io.stdout(`${JSON.stringify({ nodes, telemetry_changed: isTelemetryNew }, undefined, 2)}\n`);
    else io.stdout(planText(nodes, isTelemetryNew));
    return EXIT.ok;
  },
};

async function planOf(before: LoadedConfig, next: LoadedConfig, io: CliIo): Promise<readonly NodeChange[] | undefined> {
  try {
    const collector = createCollector({ config: before, logSink: () => {} });
    try {
      return collector.plan(next);
    } finally {
      await collector.shutdown(0);
    }
  } catch (caught) {
    io.stderr(`The pipelines cannot be built: ${caught instanceof Error ? caught.message : String(caught)}\n`);
    return undefined;
  }
}

/** One line for each node, and a last one that counts. */
export function planText(nodes: readonly NodeChange[], isTelemetryNew: boolean): string {
  const rows = nodes.map((node) => [node.node, wordsFor(node), node.reason ?? ""] as const);
  if (isTelemetryNew) rows.push(["service::telemetry", "unchanged", "what has changed in it takes effect at the next start"]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name, words, reason]) => `${name.padEnd(widths[0] ?? 0)}  ${words.padEnd(widths[1] ?? 0)}  ${reason}`.trimEnd());
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(wordsFor(node), (counts.get(wordsFor(node)) ?? 0) + 1);
  const sum = [...counts].map(([words, count]) => `${count} ${words}`).join("; ");
  return `${[...lines, "", `${nodes.length} nodes: ${sum}`].join("\n")}\n`;
}

function wordsFor({ change, state }: NodeChange): string {
  if (change === "rebuilt") return state === "none" ? "rebuilt" : `rebuilt, state ${state}`;
  return change === "removed" && state === "lost" ? "removed, state lost" : change;
}
