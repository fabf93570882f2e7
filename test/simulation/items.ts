import { openBatch, type Batch, type Signal } from "@tidemark/otlp";
import { logs, traces } from "@tidemark/otlp/testing";

/** Identities of the items that a client sends in one request. */
export interface SimRequest {
  readonly client: number;
  readonly number: number;
  readonly signal: Signal;
  readonly items: readonly string[];
}

const encoded: Map<string, Uint8Array> = new Map();

/** Makes a request of `count` items. */
export function simRequest(client: number, number: number, signal: Signal, count: number): SimRequest {
  return { client, number, signal, items: Array.from({ length: count }, (_, index) => `${client}.${number}.${index}`) };
}

/** The request as a batch: a span or a log record for each item, named after it. */
export function batchOf({ items, signal }: SimRequest): Batch {
  const key = `${signal} ${items[0]}+${items.length}`;
  let bytes = encoded.get(key);
  if (bytes === undefined) encoded.set(key, (bytes = encode(signal, items)));
  return openBatch(signal, bytes, { validate: false });
}

function encode(signal: Signal, items: readonly string[]): Uint8Array {
  if (signal === "logs") return logs({ records: items.map((body) => ({ body })) }).encode();
  return traces({ spans: items.map((name) => ({ name })) }).encode();
}

/** The items of a batch. */
export function itemsOf(batch: Batch): string[] {
  const names: string[] = [];
  if (batch.signal === "traces") for (const cursor = batch.items(); cursor.next();) names.push(cursor.name);
  if (batch.signal === "logs") for (const cursor = batch.items(); cursor.next();) names.push(cursor.body as string);
  return names;
}

/** The items of a stored record. */
export function itemsOfRecord({ signal, bytes }: { readonly signal: Signal; readonly bytes: Uint8Array }): string[] {
  return itemsOf(openBatch(signal, bytes, { validate: false }));
}

/** The client that has sent an item. */
export function clientOf(item: string): string {
  return item.slice(0, item.indexOf("."));
}
