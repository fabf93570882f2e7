import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { double, openBatch } from "../index.ts";
import type { AttributeValue, TraceBatch } from "../index.ts";
import { logs, metrics, traces } from "../testing/index.ts";
import { WireWriter } from "../wire/writer.ts";

const span = (attributes: Record<string, string | number> = {}): TraceBatch => traces({ resource: { host: "h" }, spans: [{ attributes }] });

function first(batch: TraceBatch): ReturnType<TraceBatch["items"]> {
  const items = batch.items();
  expect(items.next()).toBe(true);
  return items;
}

describe("attribute edits", () => {
  it("behave like a list of pairs", () => {
    const key = fc.constantFrom("a", "b", "cc", "ü", "k".repeat(130));
    const value = fc.oneof(fc.string({ maxLength: 150 }), fc.integer(), fc.boolean(), fc.double({ noNaN: true }));
    const operation = fc.oneof(
      fc.tuple(fc.constant("set" as const), key, value),
      fc.tuple(fc.constant("rename" as const), key, key),
      fc.tuple(fc.constant("delete" as const), key, fc.constant("")),
    );
    const start = fc.array(fc.tuple(key, fc.string()), { maxLength: 5 });
    fc.assert(
      fc.property(start, fc.array(operation, { maxLength: 6 }), (pairs, operations) => {
        let model: [string, AttributeValue][] = pairs.map(([name, text]) => [name, text]);
        const batch = withPairs(pairs).edit({
          item(item) {
            for (const [kind, name, argument] of operations) {
              if (kind === "set") item.attributes.set(name, argument);
              else if (kind === "rename") item.attributes.rename(name, argument);
              else expect(item.attributes.delete(name)).toBe(model.some(([existing]) => existing === name));
              model = applyToPairs(model, kind, name, argument);
              expect([...item.attributes.entries()]).toEqual(normal(model));
            }
          },
        });
        expect([...first(batch).attributes.entries()]).toEqual(normal(model));
        expect([...first(openBatch("traces", batch.encode())).attributes.entries()]).toEqual(normal(model));
      }),
      { numRuns: 300 },
    );
  });

  it("write every kind of value", () => {
    const nested = { list: [1, "two", null, [true]], deep: { x: 2n ** 60n }, raw: new Uint8Array([1, 2]) };
    const values: [AttributeValue | ReturnType<typeof double>, AttributeValue, string][] = [
      ["text", "text", "stringValue"],
      [true, true, "boolValue"],
      [-5, -5, "intValue"],
      [2n ** 63n - 1n, 2n ** 63n - 1n, "intValue"],
      [-(2n ** 63n), -(2n ** 63n), "intValue"],
      [1.5, 1.5, "doubleValue"],
      [1e300, 1e300, "doubleValue"],
      [double(2), 2, "doubleValue"],
      [nested, nested, "kvlistValue"],
      [[], [], "arrayValue"],
      [new Uint8Array([7]), new Uint8Array([7]), "bytesValue"],
    ];
    for (const [written, read, form] of values) {
      const batch = span().edit({ item: (item) => item.attributes.set("v", written) });
      expect(first(openBatch("traces", batch.encode())).attributes.get("v")).toEqual(read);
      const pair = batch.toObject().resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]?.attributes?.[0];
      expect(Object.keys(pair?.value ?? {})).toEqual([form]);
    }
    const empty = span().edit({ item: (item) => item.attributes.set("v", null) });
    expect(first(empty).attributes.get("v")).toBeNull();
    expect(() => span().edit({ item: (item) => item.attributes.set("v", 2n ** 63n) })).toThrow(
      "the attribute value 9223372036854775808 does not fit int64; write it as a string or with double()",
    );
  });

  it("keep fields that are not known, in the record, its pairs and the resource", () => {
    const writer = new WireWriter();
    writer.message(1, (envelope) => {
      envelope.message(1, (resource) => resource.stringField(500, "of the resource"));
      envelope.message(2, (scope) =>
        scope.message(2, (each) => {
          each.stringField(600, "of the span");
          each.message(9, (pair) => {
            pair.stringField(700, "of the pair");
            pair.stringField(1, "old");
            pair.message(2, (value) => value.stringField(1, "value"));
          });
        }),
      );
    });
    const batch = openBatch("traces", writer.finish()).edit({
      resource: (resource) => resource.attributes.set("r", 1),
      item(item) {
        item.attributes.rename("old", "new");
        item.attributes.set("new", 2);
        item.name = "named";
      },
    });
    const text = new TextDecoder().decode(batch.encode());
    for (const kept of ["of the resource", "of the span", "of the pair", "new", "named"]) expect(text).toContain(kept);
    expect(first(batch).attributes.toObject()).toEqual({ new: 2 });
  });

  it("are seen by later edits, and the batch before stays as it was", () => {
    const before = span({ n: 1 });
    const one = before.edit({ item: (item) => item.attributes.set("n", 2) });
    const two = one.edit({
      item: (item) => item.attributes.set("m", (item.attributes.get("n") as number) + 1),
      scope: (scope) => scope.attributes.set("s", "x"),
    });
    const three = two.edit({ resource: (resource) => resource.attributes.delete("host") });
    expect(first(before).attributes.toObject()).toEqual({ n: 1 });
    expect(first(one).attributes.toObject()).toEqual({ n: 2 });
    expect(first(two).attributes.toObject()).toEqual({ n: 2, m: 3 });
    expect(first(three).attributes.toObject()).toEqual({ n: 2, m: 3 });
    expect(first(three).resource.attributes.has("host")).toBe(false);
    expect(first(three).scope.attributes.get("s")).toBe("x");
    expect(first(two).resource.attributes.getString("host")).toBe("h");
  });

  it("that change nothing give back the same batch", () => {
    const batch = span({ a: "1" });
    const same = batch.edit({
      item(item) {
        item.attributes.set("a", "1");
        item.attributes.delete("b");
        item.attributes.rename("b", "a");
      },
      resource: (resource) => resource.attributes.set("host", "h"),
    });
    expect(same).toBe(batch);
  });

  it("visit a resource and a scope once each, before their items", () => {
    const batch = traces({ spans: [{ name: "x" }, { name: "y" }] });
    const seen: string[] = [];
    batch.edit({
      resource: (resource) => void seen.push(`resource ${resource.index}`),
      scope: (scope) => void seen.push(`scope ${scope.index}`),
      item: (item) => void seen.push(item.name),
    });
    expect(seen).toEqual(["resource 0", "scope 0", "x", "y"]);
  });
});

describe("other edits", () => {
  it("set the body and severity of log records", () => {
    const batch = logs({ records: [{ body: "before", severityNumber: 9, severityText: "INFO" }] }).edit({
      item(record) {
        record.setBody({ text: record.body, n: 1 });
        record.setSeverity(17, "ERROR");
      },
    });
    const items = openBatch("logs", batch.encode()).items();
    items.next();
    expect([items.body, items.severityNumber, items.severityText]).toEqual([{ text: "before", n: 1 }, 17, "ERROR"]);
  });

  it("set the name and trace state of spans", () => {
    const batch = span().edit({
      item(item) {
        item.name = "new name";
        item.traceState = "ot=th:8";
      },
    });
    expect([first(batch).name, first(batch).traceState]).toEqual(["new name", "ot=th:8"]);
  });

  it("change the attributes of data points of every type", () => {
    const attributes = [{ key: "a", value: { stringValue: "1" } }];
    const batch = metrics({
      metrics: [
        { name: "g", gauge: [{ value: 1, attributes: { a: "1" } }] },
        { name: "s", sum: [{ value: 1, attributes: { a: "1" } }] },
        { name: "h", histogram: [{ attributes: { a: "1" } }] },
        { name: "e", data: { exponentialHistogram: { dataPoints: [{ attributes }] } } },
        { name: "q", data: { summary: { dataPoints: [{ attributes }] } } },
      ],
    });
    const edited = batch.edit({ item: (item) => item.attributes.rename("a", "b") });
    const items = openBatch("metrics", edited.encode()).items();
    let count = 0;
    for (; items.next(); count++) expect(items.attributes.toObject()).toEqual({ b: "1" });
    expect(count).toBe(5);
  });
});

function withPairs(pairs: readonly (readonly [string, string])[]): TraceBatch {
  const writer = new WireWriter();
  writer.message(1, (resource) =>
    resource.message(2, (scope) =>
      scope.message(2, (each) => {
        for (const [name, text] of pairs) {
          each.message(9, (pair) => {
            pair.stringField(1, name);
            pair.message(2, (value) => value.stringField(1, text));
          });
          each.stringField(5, name);
        }
      }),
    ),
  );
  return openBatch("traces", writer.finish());
}

function applyToPairs(
  pairs: readonly [string, AttributeValue][],
  kind: "set" | "rename" | "delete",
  name: string,
  argument: AttributeValue,
): [string, AttributeValue][] {
  const at = pairs.findIndex(([existing]) => existing === name);
  const others = (kept: number): [string, AttributeValue][] => pairs.filter(([existing], i) => existing !== name || i === kept);
  if (kind === "set") return at < 0 ? [...pairs, [name, argument]] : others(at).map((pair) => (pair[0] === name ? [name, argument] : pair));
  if (kind === "delete") return others(-1);
  if (at < 0 || name === argument) return [...pairs];
  return others(at)
    .filter(([existing]) => existing !== argument)
    .map((pair) => (pair[0] === name ? [argument as string, pair[1]] : pair));
}

/** -0 is written as the integer 0. */
const normal = (pairs: readonly [string, AttributeValue][]): [string, AttributeValue][] =>
  pairs.map(([name, value]) => [name, value === 0 ? 0 : value]);
