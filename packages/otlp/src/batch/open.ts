import { bytesFromJson } from "../json/index.ts";
import { bytesFromData } from "../object/index.ts";
import type { SignalData } from "../object/index.ts";
import type { Signal } from "../schema/index.ts";
import { validateMessage } from "../validate/validate.ts";
import { LogBatch, MetricBatch, TraceBatch } from "./batches.ts";
import type { Batch, SignalBatch } from "./batches.ts";
import { indexRequest } from "./index-request.ts";
import { ItemBatch } from "./item-batch.ts";
import type { CompressedBody } from "./item-batch.ts";
import { Part } from "./part.ts";

export interface OpenOptions {
  /**
   * Check every field (wire types, lengths, UTF-8, ids, nesting); default true. Without it only the frames down to the
   * items are checked, and reading a damaged field throws WireError then.
   */
  readonly validate?: boolean;
  /** The form in which the body came, handed on while nothing changes. */
  readonly compressed?: CompressedBody;
  /**
   * The memory of `bytes` is the batch's alone: nothing else lies in it, and who gave it keeps no way to it. Then `release` gives it
   * back. Default false.
   */
  readonly owned?: boolean;
}

export interface JsonOptions {
  /** Longest binary form that is accepted; default: no limit. */
  readonly maxBytes?: number;
}

/**
 * Opens the bytes of an OTLP Export*ServiceRequest. The batch keeps `bytes`; do not change them afterwards.
 *
 * @throws WireError with the offset of the first fault.
 */
export function openBatch<S extends Signal>(signal: S, bytes: Uint8Array, options?: OpenOptions): SignalBatch[S];
export function openBatch(signal: Signal, bytes: Uint8Array, options: OpenOptions = {}): Batch {
  const ordered = options.validate !== false && validateMessage(signal, bytes);
  const parts = [new Part(indexRequest(signal, bytes, ordered, options.owned === true))];
  switch (signal) {
    case "traces":
      return new TraceBatch(parts, options.compressed);
    case "metrics":
      return new MetricBatch(parts, options.compressed);
    case "logs":
      return new LogBatch(parts, options.compressed);
  }
}

/**
 * Concatenates batches of one signal without copying; a single batch comes back itself.
 *
 * @throws RangeError without a batch, TypeError on different signals.
 */
export function mergeBatches<B extends Batch>(batches: readonly B[]): B {
  return ItemBatch.merge(batches) as B;
}

/**
 * Makes a batch from plain objects in the shape of OTLP/JSON.
 *
 * @throws TypeError that names the property, when a value does not fit its field.
 */
export function batchFromObject<S extends Signal>(signal: S, data: SignalData[S]): SignalBatch[S] {
  return openBatch(signal, bytesFromData(signal, data), { validate: false });
}

/**
 * Makes a batch from OTLP/JSON text: the lenient superset that the Collector reads too.
 *
 * @throws WireError "json", "utf8" or "depth" with offset and path; "too_large".
 */
export function batchFromJson<S extends Signal>(signal: S, text: string | Uint8Array, options: JsonOptions = {}): SignalBatch[S] {
  return openBatch(signal, bytesFromJson(signal, text, options.maxBytes), { validate: false });
}
