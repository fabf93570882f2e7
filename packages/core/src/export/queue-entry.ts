import type { Batch } from "@tidemark/otlp";
import type { DeliveryContext, Settlement } from "../contract/delivery.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import type { PipelineError } from "../contract/pipeline-error.ts";
import type { NewRecord } from "../contract/storage.ts";
import type { QueueConfig } from "../fields/exporter-fields.ts";

/** A batch in the queue. */
export interface Entry {
  readonly batch: Batch;
  readonly context: DeliveryContext;
  /** Who waits for an answer; undefined when they have it. */
  settlement: Settlement | undefined;
  /** In units of the sizer. */
  readonly cost: number;
  /** Bytes that the batch keeps alive: a few kept items hold their whole request. */
  readonly memory: number;
  /** Place in the storage; 0 for a batch in memory only. */
  id: number;
  /** Requests under way, or being joined, that hold items of this batch. */
  open: number;
  /** Some of it has gone to the senders. */
  isBegun: boolean;
  /** Items that the far side will never take. */
  lost: number;
  error: PipelineError | undefined;
  /** Some of it was not sent: the sender has to send it again, or the storage keeps it. */
  isRefused: boolean;
}

/** Items of one entry in a request. */
export interface Share {
  readonly entry: Entry;
  readonly items: number;
}

/** A request: one queued batch, several joined ones, or a piece. */
export interface Shipment {
  readonly batch: Batch;
  readonly shares: readonly Share[];
}

/** Makes the entry of a batch. What waits should not hold the whole request of which it is the sampled tenth (`isLong`). */
export function makeEntry(
  batch: Batch,
  context: DeliveryContext,
  settlement: Settlement | undefined,
  sizer: QueueConfig["sizer"],
  isLong: boolean,
): Entry {
  const kept = isLong ? batch.compact() : batch;
  return {
    batch: kept,
    context,
    settlement,
    cost: costOf(sizer, kept.itemCount, sizer === "bytes" ? kept.byteLength : 0),
    memory: kept.memoryBytes,
    id: 0,
    open: 0,
    isBegun: false,
    lost: 0,
    error: undefined,
    isRefused: false,
  };
}

/** What one batch takes of the capacity. */
export function costOf(sizer: QueueConfig["sizer"], items: number, bytes: number): number {
  return sizer === "requests" ? 1 : sizer === "items" ? items : bytes;
}

/** A request of one whole entry. */
export function wholeShipment(entry: Entry): Shipment {
  entry.open = 1;
  return { batch: entry.batch, shares: [{ entry, items: entry.batch.itemCount }] };
}

/** The outcome of an entry, once nothing of it is open. */
export function outcomeOf({ isRefused, lost, error }: Entry): Outcome {
  if (error === undefined) return DELIVERED;
  if (isRefused) return { kind: "refused", error };
  return lost > 0 ? { kind: "failed", error, items: lost } : DELIVERED;
}

/**
 * A batch in the form in which it is stored. Of the request headers only `keys` (in lower case), which separate batches, go with it: the others may
 * be credentials, and nobody asks for them behind the queue.
 */
export function recordOf(batch: Batch, { receivedAt, transport, metadata }: DeliveryContext, keys: readonly string[]): NewRecord {
  // A storage may write later what it says it has, or write it again.
  batch.keep();
  const record: NewRecord = { signal: batch.signal, items: batch.itemCount, bytes: batch.encode(), receivedAt, transport };
  if (metadata === undefined || keys.length === 0) return record;
  const kept = keys.flatMap((key): [string, readonly string[]][] => {
    const values = metadata.get(key);
    return values === undefined ? [] : [[key, values]];
  });
  return kept.length === 0 ? record : { ...record, metadata: new Map(kept) };
}
