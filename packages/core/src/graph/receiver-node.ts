import type { Signal } from "@tidemark/otlp";
import type { Delivery } from "../contract/delivery.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { fanOut, type Outlet } from "./entry-point.ts";

/** How the requests of one transport and signal ended, in items. */
export interface ReceiverCounts {
  readonly transport: string;
  readonly signal: Signal;
  accepted: number;
  refused: number;
  failed: number;
}

/** The place where deliveries enter the graph: it routes them by signal and counts how their clients were answered. */
export class ReceiverNode {
  readonly ledger: NodeLedger;
  readonly counts: ReceiverCounts[];
  readonly #outlets: Readonly<Record<Signal, Outlet>>;

  /** `counts` are those of the receivers of this id before. */
  constructor(ledger: NodeLedger, outlets: Readonly<Record<Signal, Outlet>>, counts: ReceiverCounts[]) {
    this.ledger = ledger;
    this.counts = counts;
    this.#outlets = outlets;
  }

  consume(delivery: Delivery): void {
    const { batch, settlement, context } = delivery;
    const items = batch.itemCount;
    const edges = this.#outlets[batch.signal].edges;
    const counts = this.#countsOf(context.transport, batch.signal);
    this.ledger.received += items;
    if (edges.length === 0) this.ledger.failed += items;
    else this.ledger.passed += items;
    const answered = createSettlement((outcome) => {
      if (outcome.kind === "refused") counts.refused += items;
      else if (outcome.kind === "failed") {
        const lost = Math.min(outcome.items, items);
        counts.failed += lost;
        counts.accepted += items - lost;
      } else counts.accepted += items;
      settlement.settle(outcome);
    });
    fanOut({ batch, settlement: answered, context }, edges);
  }

  #countsOf(transport: string, signal: Signal): ReceiverCounts {
    const known = this.counts.find((row) => row.transport === transport && row.signal === signal);
    if (known !== undefined) return known;
    const row: ReceiverCounts = { transport, signal, accepted: 0, refused: 0, failed: 0 };
    this.counts.push(row);
    return row;
  }
}
