import { NodeLedger, type NodeIdentity, type NodeRow } from "./node-ledger.ts";

/** Items that went over one connection of the graph. */
export interface EdgeRow {
  readonly from: string;
  readonly to: string;
  readonly items: number;
}

/** The count of one connection while the graph runs. */
export class EdgeLedger {
  readonly from: string;
  readonly to: string;
  items = 0;

  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
  }
}

/** The state of all books at one moment. */
export interface LedgerSnapshot {
  readonly nodes: readonly NodeRow[];
  readonly edges: readonly EdgeRow[];
  /** Broken identities in words; empty when every item is accounted for. */
  readonly violations: readonly string[];
}

/** The books of a graph: one row for each node and edge, and the conservation check over them. */
export class Ledger {
  readonly #nodes: NodeLedger[] = [];
  readonly #edges: EdgeLedger[] = [];

  node(identity: NodeIdentity): NodeLedger {
    const node = new NodeLedger(identity);
    this.#nodes.push(node);
    return node;
  }

  edge(from: string, to: string): EdgeLedger {
    const edge = new EdgeLedger(from, to);
    this.#edges.push(edge);
    return edge;
  }

  get nodes(): readonly NodeLedger[] {
    return this.#nodes;
  }

  snapshot(): LedgerSnapshot {
    const nodes = this.#nodes.map((node) => node.row());
    const edges = this.#edges.map(({ from, to, items }) => ({ from, to, items }));
    return { nodes, edges, violations: [...nodes.flatMap(missingItems), ...nodes.flatMap((node) => unbalancedEdges(node, edges))] };
  }
}

function missingItems(node: NodeRow): string[] {
  if (node.missing === 0) return [];
  const verb = node.missing > 0 ? "lost track of" : "has too many by";
  return [
    `${node.key} ${verb} ${Math.abs(node.missing)} items: received ${node.received}, passed ${node.passed}, delivered ${node.delivered}, refused ${node.refused}, failed ${node.failed}, held ${node.held}`,
  ];
}

function unbalancedEdges(node: NodeRow, edges: readonly EdgeRow[]): string[] {
  if (node.kind === "receiver") return [];
  const incoming = edges.filter((edge) => edge.to === node.key).reduce((sum, edge) => sum + edge.items, 0);
  return incoming === node.received ? [] : [`${node.key} received ${node.received} items, but ${incoming} were sent to it`];
}
