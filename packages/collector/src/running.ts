import type { Collector } from "./collector.ts";
import { ledgerTotals, type LedgerTotals } from "./ledger-totals.ts";

/** A collector that `tidemark run` runs: in this process, or as several workers under this process. */
export interface Running extends Pick<Collector, "start" | "shutdown" | "logger" | "metricsEndpoints" | "reload"> {
  /** Processes that run the pipelines. */
  readonly workers: number;
  /** The books of the whole. */
  totals(): LedgerTotals;
}

/** A collector in this process. */
export function inThisProcess(collector: Collector): Running {
  return { ...collector, workers: 1, totals: () => ledgerTotals(collector.ledger()) };
}
