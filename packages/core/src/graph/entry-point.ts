import type { Delivery } from "../contract/delivery.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { EdgeLedger } from "../ledger/edge-ledger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import type { Source } from "./source.ts";

/** A place that takes deliveries: the head of a pipeline, an exporter, or a connector. */
export interface Target {
  /** The books that the items arrive in. */
  readonly ledger: NodeLedger;
  consume(delivery: Delivery): void;
}

/** One connection of the graph, with its count of items. */
export interface Edge {
  readonly ledger: EdgeLedger;
  readonly target: Target;
}

/** Where a node sends what it passes on. A reload leads a node that goes on elsewhere, in one moment for the whole graph. */
export class Outlet {
  edges: readonly Edge[] = [];

  /** From now on everything goes to `edges`, which are in the `books` from now on; to edges that were here before it goes on as it did. */
  lead(edges: readonly Edge[], books: Ledger): void {
    for (const { ledger } of this.edges) ledger.isCut = !edges.some((edge) => edge.ledger === ledger);
    for (const edge of edges) if (!this.edges.includes(edge)) books.connect(edge.ledger);
    this.edges = edges;
  }
}

/** Hands a delivery to every edge. Bytes and index are shared; each branch answers for itself. */
export function fanOut(delivery: Delivery, edges: readonly Edge[]): void {
  const [only] = edges;
  if (edges.length === 0) {
    const error = new PipelineError(`no pipeline takes ${delivery.batch.signal} here`, { code: "unimplemented", retryable: false });
    return delivery.settlement.settle({ kind: "failed", error, items: delivery.batch.itemCount });
  }
  if (only !== undefined && edges.length === 1) return pass(delivery, only);
  // Who is done first must not take the bytes from the others.
  delivery.batch.keep();
  const branches = delivery.settlement.fork(edges.length);
  edges.forEach((edge, index) => {
    const settlement = branches[index];
    if (settlement !== undefined) pass({ ...delivery, settlement }, edge);
  });
}

function pass(delivery: Delivery, edge: Edge): void {
  edge.ledger.items += delivery.batch.itemCount;
  edge.target.consume(delivery);
}

/** The head of a chain of operators. After it is closed it refuses: the sender keeps the data. */
export class EntryPoint implements Target {
  readonly ledger: NodeLedger;
  readonly #deliveries: Source<Delivery>;
  #closed = false;

  constructor(ledger: NodeLedger, deliveries: Source<Delivery>) {
    this.ledger = ledger;
    this.#deliveries = deliveries;
  }

  consume(delivery: Delivery): void {
    if (this.#closed) return this.#refuse(delivery);
    this.#deliveries.next(delivery);
  }

  #refuse({ batch, settlement }: Delivery): void {
    this.ledger.received += batch.itemCount;
    this.ledger.refused += batch.itemCount;
    settlement.settle({ kind: "refused", error: PipelineError.unavailable("the pipeline has stopped") });
  }

  close(): void {
    this.#closed = true;
    this.#deliveries.complete();
  }
}
