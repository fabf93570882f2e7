import { openBatch, type Batch, type TraceBatch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";

/** Identities of the items that a client sends in one request. */
export interface SimRequest {
  readonly client: number;
  readonly number: number;
  readonly items: readonly string[];
}

const encoded: Map<string, Uint8Array> = new Map();

/** Makes a request of `count` items. */
export function simRequest(client: number, number: number, count: number): SimRequest {
  return { client, number, items: Array.from({ length: count }, (_, index) => `${client}.${number}.${index}`) };
}

/** The request as a batch: one span for each item, named after it. */
export function batchOf({ items }: SimRequest): Batch {
  const key = `${items[0]}+${items.length}`;
  let bytes = encoded.get(key);
  if (bytes === undefined) encoded.set(key, (bytes = traces({ spans: items.map((name) => ({ name })) }).encode()));
  return openBatch("traces", bytes, { validate: false });
}

/** The items of a batch. */
export function itemsOf(batch: Batch): string[] {
  const cursor = (batch as TraceBatch).items();
  const names: string[] = [];
  while (cursor.next()) names.push(cursor.name);
  return names;
}
