import { OTHER_WORKERS, type EdgeLedger, type EdgeRow } from "./edge-ledger.ts";
import { NodeLedger, type NodeIdentity, type NodeRow } from "./node-ledger.ts";
import { PastBooks } from "./past-books.ts";

/** The state of all books at one moment. */
export interface LedgerSnapshot {
  readonly nodes: readonly NodeRow[];
  readonly edges: readonly EdgeRow[];
  /** Broken identities in words; empty when every item is accounted for. */
  readonly violations: readonly string[];
}

/**
 * The books of a graph: one row for each node and edge, and the conservation check over them. A reload may have two instances of a
 * node for a while, each with books of its own: they are checked apart, and shown as one row.
 */
export class Ledger {
  #nodes: NodeLedger[] = [];
  #edges: EdgeLedger[] = [];
  readonly #past = new PastBooks();

  node(identity: NodeIdentity): NodeLedger {
    const node = new NodeLedger(identity);
    this.#nodes.push(node);
    return node;
  }

  /** Takes a connection into the books: from now on it must carry what its source passes on. */
  connect(edge: EdgeLedger): EdgeLedger {
    if (edge.source !== OTHER_WORKERS) edge.passedBefore = edge.source.passed;
    this.#edges.push(edge);
    return edge;
  }

  get nodes(): readonly NodeLedger[] {
    return this.#nodes;
  }

  /**
   * Closes the books of nodes that have ended, and of the edges at them; their counts stay. What those in `succeeded` still hold is in a
   * storage, and their successors book it.
   */
  close(ended: readonly NodeLedger[], succeeded: ReadonlySet<NodeLedger> = new Set()): void {
    const gone = new Set<unknown>(ended);
    this.#edges = this.#edges.filter((edge) => {
      const isOpen = !edge.isCut && !gone.has(edge.source) && !gone.has(edge.target);
      if (!isOpen) {
        edge.target.arrivedBefore += edge.items;
        this.#past.addEdge(edge.row());
      }
      return isOpen;
    });
    this.#nodes = this.#nodes.filter((node) => !gone.has(node));
    for (const node of ended) this.#past.addNode(node.row(), succeeded.has(node));
  }

  /** A node is back that has ended before, and has booked as restored what it left in its storage then. */
  resume(node: NodeLedger): void {
    this.#past.resume(node.identity.key);
  }

  snapshot(): LedgerSnapshot {
    const rows = this.#nodes.map((node) => ({ node, row: node.row() }));
    const violations = [
      ...rows.flatMap(({ row }) => missingItems(row)),
      ...rows.flatMap(({ node, row }) => unbalancedEdges(node, row, this.#edges)),
    ];
    const edges = this.#past.withEdges(this.#edges.map((edge) => edge.row()));
    return { nodes: this.#past.withNodes(rows.map(({ row }) => row)), edges, violations };
  }
}

function missingItems(node: NodeRow): string[] {
  if (node.missing === 0) return [];
  const verb = node.missing > 0 ? "lost track of" : "has too many by";
  return [
    `${node.key} ${verb} ${Math.abs(node.missing)} items: received ${node.received}, restored ${node.restored}, passed ${node.passed}, delivered ${node.delivered}, refused ${node.refused}, failed ${node.failed}, dead-lettered ${node.deadLettered}, held ${node.held}`,
  ];
}

function unbalancedEdges(node: NodeLedger, row: NodeRow, edges: readonly EdgeLedger[]): string[] {
  if (row.kind === "receiver") return [];
  const incoming = edges.filter((edge) => edge.target === node).reduce((sum, edge) => sum + edge.items, node.arrivedBefore);
  const lost = incoming === row.received ? [] : [`${row.key} received ${row.received} items, but ${incoming} were sent to it`];
  if (row.kind !== "processor" && row.kind !== "exchange") return lost;
  const uneven = edges.filter(
    (edge) => edge.kind === "data" && edge.source === node && !edge.isCut && edge.items !== row.passed - edge.passedBefore,
  );
  return [
    ...lost,
    ...uneven.map(
      (edge) => `${row.key} passed ${row.passed - edge.passedBefore} items on, but ${edge.items} went to ${edge.target.identity.key}`,
    ),
  ];
}
