import type { Batch, Signal } from "@tidemark/otlp";
import type { Logger } from "../contract/logger.ts";
import type { Outcome } from "../contract/outcome.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import type { ItemFate } from "./item-fate.ts";

/** What became of the items of one signal, for the metrics. */
export interface ExporterCounts {
  sent: number;
  failed: number;
  refused: number;
}

/** Books what became of every item of an exporter: in the ledger, in the counts for the metrics, and what is lost in the log as well. */
export class ExporterBooks {
  readonly ledger: NodeLedger;
  readonly counts: Map<Signal, ExporterCounts>;
  readonly #log: Logger;

  /** `counts` are those of the exporters of this id before. */
  constructor(ledger: NodeLedger, counts: Map<Signal, ExporterCounts>, log: Logger) {
    this.ledger = ledger;
    this.counts = counts;
    this.#log = log;
  }

  /** Books a whole batch by what its client is told; `reason` is why items are lost. */
  bookOutcome({ signal, itemCount: items }: Batch, outcome: Outcome, reason: string): void {
    if (outcome.kind === "refused") return this.book(signal, items, { kind: "refused" });
    if (outcome.kind !== "failed") return this.book(signal, items, { kind: "delivered" });
    const lost = Math.min(outcome.items, items);
    this.book(signal, lost, { kind: "lost", reason, error: outcome.error });
    this.book(signal, items - lost, { kind: "delivered" });
  }

  book(signal: Signal, items: number, fate: ItemFate): void {
    const counts = this.#countsOf(signal);
    const { ledger } = this;
    switch (fate.kind) {
      case "delivered":
        ledger.delivered += items;
        counts.sent += items;
        break;
      case "refused":
        ledger.refused += items;
        counts.refused += items;
        break;
      case "buried":
        ledger.deadLettered += items;
        counts.failed += items;
        break;
      case "lost":
        ledger.lose(fate.reason, items);
        counts.failed += items;
        this.#log.error("Exporting failed. Dropping data.", {
          error: fate.error?.message ?? fate.reason,
          dropped_items: items,
          reason: fate.reason,
        });
    }
  }

  #countsOf(signal: Signal): ExporterCounts {
    const known = this.counts.get(signal);
    if (known !== undefined) return known;
    const counts: ExporterCounts = { sent: 0, failed: 0, refused: 0 };
    this.counts.set(signal, counts);
    return counts;
  }
}
