import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openBatch } from "../index.ts";
import { attribute, encodeTree } from "../testdata/wire-tree.ts";
import { metrics } from "../testing/index.ts";

type Pairs = readonly (readonly [string, string])[];

function hashOf(pairs: Pairs): number {
  const span = { field: 2, kind: "item" as const, parts: pairs.map(([key, value]) => attribute(9, key, value)) };
  const scope = { field: 2, kind: "envelope" as const, parts: [span] };
  const items = openBatch("traces", encodeTree([{ field: 1, kind: "envelope", parts: [scope] }])).items();
  items.next();
  return items.attributes.hash();
}

describe("hash of attributes", () => {
  it("does not depend on the order of the pairs, and on everything else", () => {
    const distinct = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 8, selector: ([name]) => name });
    fc.assert(
      fc.property(distinct, fc.nat(), (pairs, by) => {
        const turned = [...pairs.slice(by % pairs.length), ...pairs.slice(0, by % pairs.length)];
        expect(hashOf(turned)).toBe(hashOf(pairs));
        expect(hashOf(turned.toReversed())).toBe(hashOf(pairs));
        expect(hashOf(pairs.slice(1))).not.toBe(hashOf(pairs));
        expect(hashOf([...pairs, ...pairs.slice(0, 1)])).not.toBe(hashOf(pairs));
      }),
    );
  });

  it("is different for 100 000 sets of like pairs", () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const gauge = Array.from({ length: 1000 }, (_, j) => ({ value: 1, attributes: { pod: `pod-${i}`, route: `/r/${j}`, zone: i % 2 } }));
      const items = metrics({ metrics: [{ name: "m", gauge }] }).items();
      while (items.next()) hashes.add(items.attributes.hash());
    }
    expect(hashes.size).toBe(100_000);
    for (const hash of hashes) if (!Number.isSafeInteger(hash) || hash < 0 || hash >= 2 ** 52) expect.fail(`${hash} has not 52 bits`);
  });

  it("stays the same from release to release, since saved state is keyed by it", () => {
    expect(hashOf([])).toMatchInlineSnapshot(`3302415515592854`);
    expect(hashOf([["service.name", "checkout"]])).toMatchInlineSnapshot(`472692861685148`);
  });
});

describe("identity of a series", () => {
  const base = { name: "m", resource: "r", attribute: "a", unit: "s", temporality: 2, monotonic: true, scope: "x" } as const;

  function identity(change: Partial<Record<keyof typeof base, string | number | boolean>>): number {
    const input = { ...base, ...change } as typeof base;
    const { name, unit, temporality, monotonic } = input;
    const sum = [
      { value: 0, attributes: { other: "1" } },
      { value: 1, attributes: { a: input.attribute } },
    ];
    const items = metrics({
      resource: { r: input.resource },
      scope: input.scope,
      metrics: [{ name, unit, temporality, monotonic, sum }],
    }).items();
    items.next();
    const first = items.seriesIdentity;
    items.next();
    expect(items.seriesIdentity).not.toBe(first);
    return items.seriesIdentity;
  }

  it("depends on everything that names the series", () => {
    const changes = [
      {},
      { name: "n" },
      { resource: "q" },
      { attribute: "b" },
      { unit: "ms" },
      { temporality: 1 },
      { monotonic: false },
      { scope: "y" },
    ];
    expect(new Set(changes.map(identity)).size).toBe(changes.length);
    expect(identity({})).toBe(identity({}));
  });
});
