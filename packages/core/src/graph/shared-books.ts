import type { Signal } from "@tidemark/otlp";
import type { ExporterCounts } from "../export/exporter-books.ts";
import { Ledger } from "../ledger/ledger.ts";
import type { ReceiverCounts } from "./receiver-node.ts";

/** What is counted through all reloads of a graph. */
export class SharedBooks {
  readonly ledger: Ledger = new Ledger();
  readonly #receivers = new Map<string, ReceiverCounts[]>();
  readonly #exporters = new Map<string, Map<Signal, ExporterCounts>>();

  /** All receivers that have this id, one after the other, count in the same rows. */
  receiverCounts(id: string): ReceiverCounts[] {
    return getOrMake(this.#receivers, id, () => []);
  }

  exporterCounts(id: string): Map<Signal, ExporterCounts> {
    return getOrMake(this.#exporters, id, () => new Map());
  }
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
