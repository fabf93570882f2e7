import { Subject } from "rxjs";
import type { Delivery } from "../contract/delivery.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { EdgeLedger } from "../ledger/ledger.ts";

/** A place that takes deliveries: the head of a pipeline, an exporter, or a connector. */
export interface Target {
  /** Key of the ledger row that the items arrive at. */
  readonly key: string;
  consume(delivery: Delivery): void;
}

/** One connection of the graph, with its count of items. */
export interface Edge {
  readonly ledger: EdgeLedger;
  readonly target: Target;
}

/** Hands a delivery to every edge. Bytes and index are shared; each branch answers for itself. */
export function fanOut(delivery: Delivery, edges: readonly Edge[]): void {
  const [only] = edges;
  if (edges.length === 0) {
    const error = new PipelineError(`no pipeline takes ${delivery.batch.signal} here`, { code: "unimplemented", retryable: false });
    return delivery.settlement.settle({ kind: "failed", error, items: delivery.batch.itemCount });
  }
  if (only !== undefined && edges.length === 1) return pass(delivery, only);
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
  readonly key: string;
  readonly deliveries: Subject<Delivery> = new Subject();
  #closed = false;

  constructor(key: string) {
    this.key = key;
  }

  consume(delivery: Delivery): void {
    if (this.#closed) return delivery.settlement.settle({ kind: "refused", error: PipelineError.unavailable("the pipeline has stopped") });
    this.deliveries.next(delivery);
  }

  close(): void {
    this.#closed = true;
    this.deliveries.complete();
  }
}
