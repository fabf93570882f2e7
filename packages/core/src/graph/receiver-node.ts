import type { Signal } from "@tidemark/otlp";
import type { Delivery, Settlement } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import type { Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
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
  readonly #log: Logger;

  /** `counts` are those of the receivers of this id before. */
  constructor(ledger: NodeLedger, outlets: Readonly<Record<Signal, Outlet>>, counts: ReceiverCounts[], log: Logger) {
    this.#log = log;
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
      this.#answer(settlement, outcome, items);
    });
    fanOut({ batch, settlement: answered, context }, edges);
  }

  /** Whoever settles has other clients to answer, and books to keep: a receiver that fails must not break that. */
  #answer(settlement: Settlement, outcome: Outcome, items: number): void {
    try {
      settlement.settle(outcome);
    } catch (caught) {
      this.#log.error("A client could not be answered.", { error: PipelineError.from(caught).message, items, outcome: outcome.kind });
    }
  }

  #countsOf(transport: string, signal: Signal): ReceiverCounts {
    const known = this.counts.find((row) => row.transport === transport && row.signal === signal);
    if (known !== undefined) return known;
    const row: ReceiverCounts = { transport, signal, accepted: 0, refused: 0, failed: 0 };
    this.counts.push(row);
    return row;
  }
}
