import { NodeLedger, type NodeIdentity, type NodeRow } from "./node-ledger.ts";

/** What an edge carries: the telemetry that its node passes on, or the alerts that it raises. */
export type EdgeKind = "data" | "alerts";

/** Items that went over one connection of the graph. */
export interface EdgeRow {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  readonly items: number;
}

/** The count of one connection while the graph runs. */
export class EdgeLedger {
  readonly kind: EdgeKind;
  readonly from: string;
  readonly to: string;
  items = 0;

  constructor(kind: EdgeKind, from: string, to: string) {
    this.kind = kind;
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

  edge(kind: EdgeKind, from: string, to: string): EdgeLedger {
    const edge = new EdgeLedger(kind, from, to);
    this.#edges.push(edge);
    return edge;
  }

  get nodes(): readonly NodeLedger[] {
    return this.#nodes;
  }

  snapshot(): LedgerSnapshot {
    const nodes = this.#nodes.map((node) => node.row());
    const edges = this.#edges.map(({ kind, from, to, items }) => ({ kind, from, to, items }));
    return { nodes, edges, violations: [...nodes.flatMap(missingItems), ...nodes.flatMap((node) => unbalancedEdges(node, edges))] };
  }
}

function missingItems(node: NodeRow): string[] {
  if (node.missing === 0) return [];
  const verb = node.missing > 0 ? "lost track of" : "has too many by";
  return [
    `${node.key} ${verb} ${Math.abs(node.missing)} items: received ${node.received}, restored ${node.restored}, passed ${node.passed}, delivered ${node.delivered}, refused ${node.refused}, failed ${node.failed}, dead-lettered ${node.deadLettered}, held ${node.held}`,
  ];
}

function unbalancedEdges(node: NodeRow, edges: readonly EdgeRow[]): string[] {
  if (node.kind === "receiver") return [];
  const incoming = edges.filter((edge) => edge.to === node.key).reduce((sum, edge) => sum + edge.items, 0);
  const lost = incoming === node.received ? [] : [`${node.key} received ${node.received} items, but ${incoming} were sent to it`];
  if (node.kind !== "processor" && node.kind !== "exchange") return lost;
  const uneven = edges.filter((edge) => edge.kind === "data" && edge.from === node.key && edge.items !== node.passed);
  return [...lost, ...uneven.map((edge) => `${node.key} passed ${node.passed} items on, but ${edge.items} went to ${edge.to}`)];
}
