import type { Batch, DataPointView, ItemView, LogRecordView, Signal, SpanView } from "@tidemark/otlp";
import { ANYWHERE, type Partition, type WorkerSlot } from "../contract/worker.ts";
import { jumpHash } from "./hash.ts";

/** Cuts batches by the worker that owns their items. */
export class BatchCutter {
  readonly #partition: Partition;
  readonly #slot: WorkerSlot;
  /** Names of the groups, made once so that no item makes one. */
  readonly #names: readonly string[];

  constructor(partition: Partition, slot: WorkerSlot) {
    this.#partition = partition;
    this.#slot = slot;
    this.#names = Array.from({ length: slot.count }, (_, index) => String(index));
  }

  /** The parts by worker index; one part, the batch itself, when a single worker owns all of it. */
  cut(batch: Batch): { readonly owner: number; readonly batch: Batch }[] {
    const groups = this.#groups(batch);
    return Array.from(groups, ([name, part]) => ({ owner: Number(name), batch: part }));
  }

  #groups(batch: Batch): Map<string, Batch> {
    switch (batch.signal) {
      case "traces":
        return batch.groupBy(this.#owner<SpanView>(this.#partition.traces));
      case "metrics":
        return batch.groupBy(this.#owner<DataPointView>(this.#partition.metrics));
      case "logs":
        return batch.groupBy(this.#owner<LogRecordView>(this.#partition.logs));
    }
  }

  #owner<View extends ItemView>(makeHash: (() => (item: View) => number) | undefined): (item: View) => string {
    const { index, count } = this.#slot;
    const own = this.#names[index] ?? "";
    if (makeHash === undefined) return () => own;
    const hash = makeHash();
    return (item) => {
      const value = hash(item);
      return value === ANYWHERE ? own : (this.#names[jumpHash(value, count)] ?? own);
    };
  }
}

/** Whether a partition says something about a signal. */
export function cuts(partition: Partition, signal: Signal): boolean {
  return partition[signal] !== undefined;
}
