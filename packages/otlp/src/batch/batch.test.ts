import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeBatches, openBatch } from "../index.ts";
import type { Batch, Signal } from "../index.ts";
import {
  appendToItems,
  appendToResources,
  appendToScopes,
  arbitraryTree,
  attribute,
  attributesField,
  countItems,
  encodeTree,
  keepItems,
} from "../testdata/wire-tree.ts";
import type { Tree } from "../testdata/wire-tree.ts";

const signals: readonly Signal[] = ["traces", "logs", "metrics"];
const open = (signal: Signal, tree: Tree): Batch => openBatch(signal, encodeTree(tree), { validate: false });

type Step =
  | { readonly do: "filter" | "items"; readonly mask: readonly boolean[] }
  | { readonly do: "resources" | "scopes"; readonly value: string }
  | { readonly do: "merge" }
  | { readonly do: "slice"; readonly max: number };

const mask = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("filter" as const, "items" as const), mask }),
    fc.record({ do: fc.constantFrom("resources" as const, "scopes" as const), value: fc.string() }),
    fc.record({ do: fc.constant("merge" as const) }),
    fc.record({ do: fc.constant("slice" as const), max: fc.integer({ min: 1, max: 9 }) }),
  ),
  { maxLength: 5 },
);

/** The mask, repeated for ever. */
function at(mask: readonly boolean[], index: number): boolean {
  return mask[index % mask.length] === true;
}

/** The model: trees whose encodings are concatenated. A tree that was changed has no empty envelopes. */
function applyToModel(signal: Signal, model: readonly Tree[], step: Step): Tree[] {
  const count = model.reduce((sum, tree) => sum + countItems(tree), 0);
  const select = (kept: (index: number) => boolean): Tree[] => {
    if (Array.from({ length: count }, (_, i) => i).every(kept)) return [...model];
    let base = 0;
    return model.flatMap((tree) => {
      const from = base;
      const items = countItems(tree);
      base += items;
      const keptItems = Array.from({ length: items }, (_, i) => i).filter((i) => kept(from + i)).length;
      if (keptItems === 0) return [];
      return [keptItems === items ? tree : keepItems(tree, (i) => kept(from + i))];
    });
  };
  const change = (tree: Tree, changed: Tree): Tree => (countItems(tree) === 0 ? tree : keepItems(changed, () => true));
  switch (step.do) {
    case "filter":
      return select((i) => at(step.mask, i));
    case "items": {
      let base = 0;
      return model.map((tree) => {
        const from = base;
        base += countItems(tree);
        const chosen = (i: number): boolean => at(step.mask, from + i);
        if (!Array.from({ length: countItems(tree) }, (_, i) => i).some(chosen)) return tree;
        return change(tree, appendToItems(tree, chosen, attribute(attributesField[signal], `new ${model.length}`, "v")));
      });
    }
    case "resources":
      return model.map((tree) =>
        change(
          tree,
          appendToResources(
            keepItems(tree, () => true),
            attribute(1, "of resource", step.value),
          ),
        ),
      );
    case "scopes":
      return model.map((tree) =>
        change(
          tree,
          appendToScopes(
            keepItems(tree, () => true),
            attribute(3, "of scope", step.value),
          ),
        ),
      );
    case "merge":
      return [...model, ...model];
    case "slice":
      return count <= step.max ? [...model] : select((i) => i < step.max);
  }
}

function applyToBatch<B extends Batch>(batch: B, step: Step, treeCount: number): B {
  switch (step.do) {
    case "filter":
      return batch.filter((item: { readonly index: number }) => at(step.mask, item.index)) as B;
    case "items":
      return batch.edit({
        item(item) {
          if (step.mask[item.index % step.mask.length]) item.attributes.set(`new ${treeCount}`, "v");
        },
      }) as B;
    case "resources":
      return batch.edit({ resource: (resource) => resource.attributes.set("of resource", step.value) }) as B;
    case "scopes":
      return batch.edit({ scope: (scope) => scope.attributes.set("of scope", step.value) }) as B;
    case "merge":
      return mergeBatches([batch, batch]);
    case "slice":
      return batch.splitByItems(step.max)[0] as B;
  }
}

const concat = (chunks: readonly Uint8Array[]): Uint8Array => Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
const encodeModel = (model: readonly Tree[]): Uint8Array => concat(model.map(encodeTree));

describe.each(signals)("batch of %s", (signal) => {
  it("encodes to what the naive model gives, whatever is done to it", () => {
    fc.assert(
      fc.property(arbitraryTree(signal), steps, (tree, list) => {
        let model: Tree[] = [tree];
        let batch = open(signal, tree);
        for (const step of onceOnly(list)) {
          batch = applyToBatch(batch, step, model.length);
          model = applyToModel(signal, model, step);
        }
        const encoded = batch.encode();
        expect(encoded).toEqual(encodeModel(model));
        expect(batch.byteLength).toBe(encoded.length);
        expect(concat(batch.encodeChunks())).toEqual(encoded);
        expect(batch.itemCount).toBe(model.reduce((sum, each) => sum + countItems(each), 0));
      }),
      { numRuns: 300 },
    );
  });

  it("splits by items and by bytes without loss, in order, within the limit", () => {
    fc.assert(
      fc.property(
        arbitraryTree(signal),
        mask,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 900 }),
        (tree, chosen, items, bytes) => {
          const once = open(signal, tree).edit({
            item: (item) => void (chosen[item.index % chosen.length] && item.attributes.set("new", "v")),
          });
          const batch = mergeBatches<Batch>([once, open(signal, tree)]);
          const count = batch.itemCount;
          for (const pieces of [batch.splitByItems(items), batch.splitByBytes(bytes)] as Batch[][]) {
            expect(pieces.reduce((sum, piece) => sum + piece.itemCount, 0)).toBe(count);
            expect(pieces.flatMap(itemBytes)).toEqual(itemBytes(batch));
            for (const piece of pieces) expect(itemBytes(openBatch(signal, piece.encode(), { validate: false }))).toEqual(itemBytes(piece));
          }
          for (const piece of batch.splitByItems(items) as Batch[]) expect(piece.itemCount).toBeLessThanOrEqual(items);
          for (const piece of batch.splitByBytes(bytes) as Batch[]) {
            if (piece.itemCount > 1) expect(piece.encode().length).toBeLessThanOrEqual(bytes);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("groups as a filter per key does", () => {
    fc.assert(
      fc.property(arbitraryTree(signal), fc.integer({ min: 1, max: 4 }), (tree, keys) => {
        const batch = open(signal, tree);
        const groups = batch.groupBy((item: { readonly index: number }) => String(item.index % keys)) as Map<string, Batch>;
        expect([...groups.keys()]).toEqual(Array.from({ length: Math.min(keys, batch.itemCount) }, (_, i) => String(i)));
        for (const [key, group] of groups) {
          expect(group.encode()).toEqual(batch.filter((item: { readonly index: number }) => String(item.index % keys) === key).encode());
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gives back the received bytes and their compressed form while nothing changed", () => {
    const tree: Tree = [{ field: 1, kind: "envelope", parts: [] }];
    const bytes = encodeTree(tree);
    const compressed = { encoding: "gzip", bytes: new Uint8Array(3) };
    const batch = openBatch<Signal>(signal, bytes, { compressed });
    const same = batch.filter(() => true).edit({ resource: () => undefined });
    expect(same).toBe(batch);
    expect(same.encode()).toBe(bytes);
    expect(same.compressed).toBe(compressed);
    expect(mergeBatches([batch])).toBe(batch);
    expect(mergeBatches([batch, batch]).compressed).toBeUndefined();
  });
});

describe("batch", () => {
  it("refuses to merge nothing or different signals", () => {
    expect(() => mergeBatches([])).toThrow(RangeError);
    const batches: Batch[] = [openBatch("traces", new Uint8Array()), openBatch("logs", new Uint8Array())];
    expect(() => mergeBatches(batches)).toThrow("traces and logs do not merge; merge each signal alone");
  });

  it("keeps apart what was merged twice", () => {
    const item = { field: 2, kind: "item" as const, parts: [] };
    const scope = { field: 2, kind: "envelope" as const, parts: [item, item] };
    const once = openBatch("traces", encodeTree([{ field: 1, kind: "envelope", parts: [scope] }]));
    const twice = mergeBatches([once, once]);
    const indexes: number[][] = [];
    for (const items = twice.items(); items.next();) indexes.push([items.index, items.resource.index, items.scope.index]);
    expect(indexes).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [2, 1, 1],
      [3, 1, 1],
    ]);
    const outer = twice.filter((span) => span.index === 0 || span.index === 3);
    expect(outer.toObject().resourceSpans).toHaveLength(2);
  });

  it("keeps within the byte limit when received length prefixes are longer than needed", () => {
    const item = [0x12, 0x82, 0x80, 0x00, 0x2a, 0x00];
    const scope = [0x12, 0x80 | (3 * item.length), 0x80, 0x00, ...item, ...item, ...item];
    const bytes = Uint8Array.from([0x0a, 0x80 | scope.length, 0x00, ...scope, 0x0a, 0x80 | scope.length, 0x00, ...scope]);
    const batch = openBatch("traces", bytes);
    for (let max = 10; max < bytes.length; max++) {
      const pieces = batch.splitByBytes(max);
      expect(pieces.flatMap(itemBytes)).toEqual(itemBytes(batch));
      for (const piece of pieces) expect(piece.itemCount === 1 || piece.encode().length <= max).toBe(true);
    }
  });
});

/** Content of every item. */
function itemBytes(batch: Batch): Uint8Array[] {
  const found: Uint8Array[] = [];
  const items = batch.items() as unknown as { next(): boolean; bytes: Uint8Array; start: number; end: number };
  while (items.next()) found.push(items.bytes.slice(items.start, items.end));
  return found;
}

/** A second edit of the same key would replace, which the model does not do. */
function onceOnly(list: readonly Step[]): Step[] {
  const seen = new Set<string>();
  return list.filter((step) => step.do === "filter" || step.do === "slice" || !(seen.has(step.do) || !seen.add(step.do)));
}

describe("a request of nearly empty messages", () => {
  it.each([
    ["resources", (count: number) => Buffer.alloc(2 * count, Buffer.from([0x0a, 0x00]))],
    ["spans", (count: number) => Buffer.concat([frame(0x0a, frame(0x12, Buffer.alloc(2 * count, Buffer.from([0x12, 0x00]))))])],
  ])("is refused before its index costs many times its size (%s)", (_name, bodyOf) => {
    expect(openBatch("traces", bodyOf(1000), { validate: false }).byteLength).toBeGreaterThan(0);
    expect(() => openBatch("traces", bodyOf(1_000_000))).toThrow(/too_large at byte \d+: the request consists of nearly empty messages/);
  });
});

describe("the memory of a batch", () => {
  const span = frame(0x12, Buffer.from([0x2a, 1, 0x78]));
  const request = frame(0x0a, frame(0x12, Buffer.concat(Array.from({ length: 5000 }, () => span))));

  it("is the request, its index, and the form in which it came", () => {
    const batch = openBatch("traces", request);
    expect(batch.memoryBytes).toBeGreaterThanOrEqual(request.length + 5000 * 16);
    expect(batch.memoryBytes).toBeLessThan(request.length + 5000 * 64);
    const compressed = { encoding: "gzip", bytes: new Uint8Array(100) };
    expect(openBatch("traces", request, { compressed }).memoryBytes).toBe(batch.memoryBytes + 100);
  });

  it("stays whole when few items are kept, and is counted once for parts of one request", () => {
    const batch = openBatch("traces", request);
    const pieces = batch.splitByItems(1000);
    expect(pieces.map((piece) => piece.memoryBytes)).toEqual(Array.from({ length: 5 }, () => batch.memoryBytes));
    expect(mergeBatches(pieces).memoryBytes).toBe(batch.memoryBytes);
  });
});

function frame(tag: number, content: Buffer): Buffer {
  const head = [tag];
  let length = content.length;
  for (; length > 127; length >>>= 7) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), content]);
}
