import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttributeProgram, double, openBatch } from "../index.ts";
import type { AttributeOperation, AttributeValue, TraceBatch } from "../index.ts";
import { logs, metrics, traces } from "../testing/index.ts";
import { WireWriter } from "../wire/writer.ts";

type Pairs = readonly (readonly [string, AttributeValue])[];

/** What the operations come to, one after the other. */
function model(pairs: Pairs, operations: readonly AttributeOperation[]): Pairs {
  let now = pairs;
  for (const operation of operations) {
    const { action, key } = operation;
    const first = now.findIndex(([name]) => name === key);
    if (action === "delete") now = now.filter(([name]) => name !== key);
    else if (first < 0 && action !== "update") now = [...now, [key, operation.value as AttributeValue]];
    else if (first >= 0 && action !== "insert")
      now = now.flatMap((pair, i): Pairs => (pair[0] !== key ? [pair] : i === first ? [[key, operation.value as AttributeValue]] : []));
  }
  return now;
}

/** The keys in the order of the record, each with its values: a delete and an insert may leave a pair where it was. */
function grouped(pairs: Pairs): ReadonlyMap<string, readonly AttributeValue[]> {
  const groups = new Map<string, AttributeValue[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}

/** A span with these pairs, each in the plain form or, as the number says, in a rarer one; and a field that is not known. */
function spanOf(pairs: readonly (readonly [string, string, number])[]): TraceBatch {
  const writer = new WireWriter();
  writer.message(1, (resource) =>
    resource.message(2, (scope) =>
      scope.message(2, (span) => {
        span.stringField(5, "name");
        for (const [key, value, form] of pairs) {
          span.message(9, (pair) => {
            if (form === 1) pair.message(2, (content) => content.stringField(1, value));
            pair.stringField(1, key);
            if (form !== 1) pair.message(2, (content) => content.stringField(1, value));
            if (form === 2) pair.stringField(700, "of the pair");
          });
        }
        span.fixed32Field(16, 257);
        span.stringField(600, "of the span");
      }),
    ),
  );
  return openBatch("traces", writer.finish());
}

function entries(batch: TraceBatch): Pairs {
  const items = openBatch("traces", batch.encode()).items();
  expect(items.next()).toBe(true);
  expect(items.flags).toBe(257);
  return [...items.attributes.entries()];
}

const key = fc.constantFrom("a", "b", "cc", "dd", "ü", "k".repeat(126), "k".repeat(127), "k".repeat(130));
const value = fc.oneof(fc.string({ maxLength: 150 }), fc.integer(), fc.boolean());
const operation: fc.Arbitrary<AttributeOperation> = fc.oneof(
  fc.record({ action: fc.constantFrom("insert" as const, "update" as const, "upsert" as const), key, value }),
  fc.record({ action: fc.constant("delete" as const), key }),
);
const form = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2) });

describe("attribute programs", () => {
  it("come to the same as their operations one after the other", () => {
    const start = fc.array(fc.tuple(key, fc.string({ maxLength: 200 }), form), { maxLength: 6 });
    fc.assert(
      fc.property(start, fc.array(operation, { maxLength: 6 }), (pairs, operations) => {
        const program = new AttributeProgram(operations);
        const batch = spanOf(pairs).edit({ item: (span) => span.attributes.apply(program) });
        const plain = pairs.map(([name, text]): readonly [string, AttributeValue] => [name, text]);
        expect(grouped(entries(batch))).toEqual(grouped(model(plain, operations)));
        expect(new TextDecoder().decode(batch.encode())).toContain("of the span");
      }),
      { numRuns: 500 },
    );
  });

  it("give back the same batch when they change nothing", () => {
    const batch = traces({ spans: [{ attributes: { a: "1", n: 2 } }] });
    const program = new AttributeProgram([
      { action: "insert", key: "a", value: "other" },
      { action: "upsert", key: "n", value: 2 },
      { action: "update", key: "missing", value: 1 },
      { action: "delete", key: "missing" },
    ]);
    expect(batch.edit({ item: (span) => span.attributes.apply(program) })).toBe(batch);
  });

  it("keep unknown fields of the pairs that they rewrite", () => {
    const program = new AttributeProgram([{ action: "upsert", key: "a", value: "new" }]);
    const batch = spanOf([["a", "old", 2]]).edit({ item: (span) => span.attributes.apply(program) });
    expect(entries(batch)).toEqual([["a", "new"]]);
    expect(new TextDecoder().decode(batch.encode())).toContain("of the pair");
  });

  it("see what was changed before, and are seen afterwards", () => {
    const program = new AttributeProgram([
      { action: "update", key: "a", value: 2 },
      { action: "insert", key: "b", value: double(1) },
    ]);
    const batch = traces({ spans: [{ attributes: {} }] }).edit({
      item(span) {
        span.attributes.set("a", 1);
        span.attributes.apply(program);
        expect(span.attributes.get("a")).toBe(2);
        span.attributes.delete("a");
      },
    });
    const items = batch.items();
    items.next();
    expect(items.attributes.toObject()).toEqual({ b: 1 });
  });

  it("work on log records, data points of every type, resources and scopes", () => {
    const program = new AttributeProgram([
      { action: "upsert", key: "new", value: "1" },
      { action: "delete", key: "old" },
    ]);
    const attributes = [{ key: "old", value: { stringValue: "1" } }];
    const points = metrics({
      resource: { old: "1" },
      metrics: [
        { name: "g", gauge: [{ value: 1, attributes: { old: "1" } }] },
        { name: "s", sum: [{ value: 1, attributes: { old: "1" } }] },
        { name: "h", histogram: [{ attributes: { old: "1" } }] },
        { name: "e", data: { exponentialHistogram: { dataPoints: [{ attributes }] } } },
        { name: "q", data: { summary: { dataPoints: [{ attributes }] } } },
      ],
    }).edit({
      item: (point) => point.attributes.apply(program),
      resource: (resource) => resource.attributes.apply(program),
      scope: (scope) => scope.attributes.apply(program),
    });
    const items = openBatch("metrics", points.encode()).items();
    while (items.next())
      expect([items.attributes.toObject(), items.resource.attributes.toObject(), items.scope.attributes.toObject()]).toEqual([
        { new: "1" },
        { new: "1" },
        { new: "1" },
      ]);
    const records = logs({ records: [{ attributes: { old: "1" }, body: "b" }] }).edit({
      item: (record) => record.attributes.apply(program),
    });
    const lines = records.items();
    lines.next();
    expect([lines.attributes.toObject(), lines.body]).toEqual([{ new: "1" }, "b"]);
  });
});

describe("values as they are", () => {
  const value = {
    string: "s",
    bool: true,
    int: 2,
    double: 2.5,
    array: [1, "x"],
    kvlist: { a: 1 },
    bytes: new Uint8Array([1]),
    empty: null,
  };

  it("are told by their kind, and copied without being changed", () => {
    const batch = traces({ spans: [{}] }).edit({
      item({ attributes }) {
        for (const [name, each] of Object.entries(value)) attributes.set(name, each);
        attributes.set("double", double(2));
        attributes.set("to", "before");
        for (const name of Object.keys(value)) {
          expect(attributes.kind(name)).toBe(name);
          expect(attributes.copy(name, "to")).toBe(true);
          expect([attributes.kind("to"), attributes.get("to")]).toEqual([name, attributes.get(name)]);
          expect(attributes.copy(name, name)).toBe(true);
        }
        expect(attributes.kind("missing")).toBeUndefined();
        expect(attributes.copy("missing", "to")).toBe(false);
        expect(attributes.size).toBe(9);
      },
    });
    expect(batch.itemCount).toBe(1);
  });
});
