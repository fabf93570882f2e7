import type { LedgerSnapshot } from "@tidemark/core";

/** The books of a whole graph in one row. Counts are items. */
export interface LedgerTotals {
  /** Taken in by receivers. */
  readonly received: number;
  /** Alerts that components raised inside; destinations count them as delivered too. */
  readonly alerts: number;
  /** Taken by destinations; an item that two exporters sent counts twice. */
  readonly delivered: number;
  readonly refused: number;
  readonly failed: number;
  /** Put aside among the dead letters. */
  readonly deadLettered: number;
  /** Taken over from the storage at the start. */
  readonly restored: number;
  readonly held: number;
  /** Those of the held items that are in a storage: the next run sends them. */
  readonly stored: number;
  /** Taken out on purpose, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** The books of nothing. */
export const NO_TOTALS: LedgerTotals = {
  received: 0,
  alerts: 0,
  delivered: 0,
  refused: 0,
  failed: 0,
  deadLettered: 0,
  restored: 0,
  held: 0,
  stored: 0,
  dropped: {},
};

/** The books of two graphs in one row. */
export function addTotals(a: LedgerTotals, b: LedgerTotals): LedgerTotals {
  return {
    received: a.received + b.received,
    alerts: a.alerts + b.alerts,
    delivered: a.delivered + b.delivered,
    refused: a.refused + b.refused,
    failed: a.failed + b.failed,
    deadLettered: a.deadLettered + b.deadLettered,
    restored: a.restored + b.restored,
    held: a.held + b.held,
    stored: a.stored + b.stored,
    dropped: sumByReason([a.dropped, b.dropped]),
  };
}

/** Sums the rows of all nodes up. */
export function ledgerTotals({ nodes, edges }: LedgerSnapshot): LedgerTotals {
  const sum = (count: (node: LedgerSnapshot["nodes"][number]) => number): number => nodes.reduce((total, node) => total + count(node), 0);
  return {
    received: sum((node) => (node.kind === "receiver" ? node.received : 0)),
    alerts: edges.reduce((total, edge) => total + (edge.kind === "alerts" ? edge.items : 0), 0),
    delivered: sum((node) => (node.kind === "exporter" ? node.delivered : 0)),
    refused: sum((node) => node.refused),
    failed: sum((node) => node.failed),
    deadLettered: sum((node) => node.deadLettered),
    restored: sum((node) => node.restored),
    held: sum((node) => node.held),
    stored: sum((node) => node.stored),
    dropped: sumByReason(nodes.map((node) => node.dropped)),
  };
}

function sumByReason(list: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of list) for (const [reason, items] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + items;
  return sums;
}
