import type { EdgeRow, LedgerSnapshot, NodeRow } from "@tidemark/core";
import { countText, tableText } from "./table.ts";

const COUNTS = [
  ["RECEIVED", (row: NodeRow) => row.received],
  ["RESTORED", (row: NodeRow) => row.restored],
  ["PASSED", (row: NodeRow) => row.passed],
  ["DELIVERED", (row: NodeRow) => row.delivered],
  ["DROPPED", (row: NodeRow) => Object.values(row.dropped).reduce((sum, items) => sum + items, 0)],
  ["REFUSED", (row: NodeRow) => row.refused],
  ["FAILED", (row: NodeRow) => row.failed],
  ["DEAD-LETTERED", (row: NodeRow) => row.deadLettered],
  ["HELD", (row: NodeRow) => row.held],
  ["STORED", (row: NodeRow) => row.stored],
] as const;

/** The books as a table, the reasons of what was dropped or failed, and whether every item is accounted for. */
export function ledgerText({ nodes, edges, violations }: LedgerSnapshot): string {
  const columns = [{ head: "NODE" }, ...COUNTS.map(([head]) => ({ head, align: "right" as const }))];
  const rows = inFlowOrder(nodes, edges).map((row) => [row.key, ...COUNTS.map(([, count]) => numberText(count(row)))]);
  const reasons = [
    ...nodes.flatMap((row) => reasonLines("dropped", row.key, row.dropped)),
    ...nodes.flatMap((row) => reasonLines("failed", row.key, row.lost)),
  ];
  const verdict =
    violations.length === 0
      ? `The books balance at ${countText(nodes.length, "node")} and ${countText(edges.length, "connection")}.\n`
      : `The books do not balance:\n${violations.map((violation) => `  ${violation}\n`).join("")}`;
  return `${tableText(columns, rows)}${reasons.length === 0 ? "" : `\n${reasons.join("")}`}\n${verdict}${IDENTITY}`;
}

const IDENTITY = "received + restored = passed + delivered + dropped + refused + failed + dead-lettered + held; stored is part of held\n";

/** Nodes behind those that they get their data from. */
function inFlowOrder(nodes: readonly NodeRow[], edges: readonly EdgeRow[]): readonly NodeRow[] {
  const ranks = new Map(nodes.map(({ key }) => [key, 0]));
  // A graph has no rings, so that no rank exceeds the number of its nodes.
  for (let pass = 0; pass < nodes.length; pass++)
    for (const { from, to } of edges) ranks.set(to, Math.max(ranks.get(to) ?? 0, Math.min(nodes.length, (ranks.get(from) ?? 0) + 1)));
  return nodes.toSorted((a, b) => (ranks.get(a.key) ?? 0) - (ranks.get(b.key) ?? 0));
}

function reasonLines(what: string, key: string, reasons: Readonly<Record<string, number>>): string[] {
  return Object.entries(reasons).map(([reason, items]) => `${what} at ${key}: ${items} ${reason}\n`);
}

function numberText(count: number): string {
  return count === 0 ? "-" : String(count);
}
