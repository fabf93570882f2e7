import type { NodeChange } from "@tidemark/core";

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
