import type { EdgeRow } from "./edge-ledger.ts";
import type { NodeRow } from "./node-ledger.ts";

/** What nodes and edges counted that a reload has ended. There is one row for each name, however many instances it had. */
export class PastBooks {
  readonly #nodes = new Map<string, NodeRow>();
  readonly #edges = new Map<string, EdgeRow>();

  /**
   * What the node still held, a successor on the same storage books as held, and as restored. From outside it has never been away, so it
   * is taken off both again; the identity holds without it as well.
   */
  addNode(row: NodeRow, isSucceeded: boolean): void {
    if (row.received === 0 && row.restored === 0) return;
    addTo(this.#nodes, row.key, isSucceeded ? withoutHeld(row) : row, sumOfNodes);
  }

  /** A successor that came later books what the node held. */
  resume(key: string): void {
    const row = this.#nodes.get(key);
    if (row !== undefined) this.#nodes.set(key, withoutHeld(row));
  }

  addEdge(row: EdgeRow): void {
    if (row.items > 0) addTo(this.#edges, edgeKey(row), row, sumOfEdges);
  }

  withNodes(present: readonly NodeRow[]): readonly NodeRow[] {
    const all = new Map<string, NodeRow>();
    for (const row of present) addTo(all, row.key, row, sumOfNodes);
    for (const row of this.#nodes.values()) addTo(all, row.key, row, sumOfNodes);
    return [...all.values()];
  }

  withEdges(present: readonly EdgeRow[]): readonly EdgeRow[] {
    const all = new Map<string, EdgeRow>();
    for (const row of present) addTo(all, edgeKey(row), row, sumOfEdges);
    for (const row of this.#edges.values()) addTo(all, edgeKey(row), row, sumOfEdges);
    return [...all.values()];
  }
}

function withoutHeld(row: NodeRow): NodeRow {
  return { ...row, restored: row.restored - row.held, held: 0, stored: 0 };
}

function addTo<T>(rows: Map<string, T>, key: string, row: T, sum: (a: T, b: T) => T): void {
  const known = rows.get(key);
  rows.set(key, known === undefined ? row : sum(known, row));
}

function edgeKey({ kind, from, to }: EdgeRow): string {
  return `${kind} ${from} ${to}`;
}

function sumOfEdges(a: EdgeRow, b: EdgeRow): EdgeRow {
  return { ...a, items: a.items + b.items };
}

function sumOfNodes(a: NodeRow, b: NodeRow): NodeRow {
  return {
    ...a,
    received: a.received + b.received,
    restored: a.restored + b.restored,
    passed: a.passed + b.passed,
    delivered: a.delivered + b.delivered,
    refused: a.refused + b.refused,
    failed: a.failed + b.failed,
    deadLettered: a.deadLettered + b.deadLettered,
    held: a.held + b.held,
    stored: a.stored + b.stored,
    missing: a.missing + b.missing,
    dropped: sumOfReasons(a.dropped, b.dropped),
    lost: sumOfReasons(a.lost, b.lost),
  };
}

function sumOfReasons(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const sum: Record<string, number> = { ...a };
  for (const [reason, items] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + items;
  return sum;
}
