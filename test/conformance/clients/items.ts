import { deepEqual } from "node:assert/strict";
import type { PlainMessage } from "../../lib/proto-types.ts";
import type { ScriptedBackend } from "../../lib/scripted-backend.ts";

/** What each of the programs of `programs/` sends. */
const SPANS = 20;
const RECORDS = 20;
const POINTS = 5;

interface Item extends PlainMessage {
  readonly attributes?: readonly { readonly key: string; readonly value?: { readonly intValue?: string; readonly doubleValue?: number } }[];
}

/** Checks that all that the programs send has arrived: spans and records once, the points of the counter with their last values. */
export function expectAllItems(backend: ScriptedBackend, service: string): void {
  const arrived = backend.attempts(service).map(({ data }) => data);
  const spans = find(arrived, "spans").map((span) => `${String(span["name"])} ${indexOf(span)}`);
  const records = find(arrived, "logRecords").map(
    (record) => `${(record["body"] as { stringValue: string }).stringValue} ${indexOf(record)}`,
  );
  // The SDK of Java sends metrics of its own as well.
  const counters = find(arrived, "metrics").filter(({ name }) => name === "conformance.counter");
  const points = find(counters, "dataPoints").map((point) => `${indexOf(point)}: ${Number(point["asInt"] ?? point["asDouble"])}`);
  deepEqual(spans.toSorted(), named("span", SPANS));
  deepEqual(records.toSorted(), named("record", RECORDS));
  // A reader may export the same cumulative points again when it is shut down.
  deepEqual(
    [...new Set(points)].toSorted(),
    Array.from({ length: POINTS }, (_, index) => `${index}: ${index + 1}`),
  );
}

function named(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index} ${index}`).toSorted();
}

function indexOf({ attributes = [] }: Item): number {
  const value = attributes.find(({ key }) => key === "index")?.value;
  return Number(value?.intValue ?? value?.doubleValue ?? Number.NaN);
}

/** All elements of the lists that have this key, at any depth. */
function find(value: unknown, key: string): Item[] {
  if (Array.isArray(value)) return value.flatMap((each) => find(each, key));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === key ? (inner as Item[]) : find(inner, key)));
}
