import { describe, expect, it } from "vitest";
import { traces } from "../testing/index.ts";
import { mergeBatches, openBatch } from "../index.ts";
import type { Batch, TraceBatch } from "../index.ts";

const LARGE = traces({ spans: Array.from({ length: 2000 }, (_, index) => ({ name: `a span with the number ${index}` })) }).encode();

/** A request of 2,000 spans in memory of its own, and how much of that memory there still is. */
function received(options: { readonly owned?: boolean } = { owned: true }): { readonly batch: TraceBatch; readonly left: () => number } {
  const bytes = LARGE.slice();
  return { batch: openBatch("traces", bytes, options), left: () => bytes.buffer.byteLength };
}

const isEven = ({ index }: { readonly index: number }): boolean => index % 2 === 0;

describe("release", () => {
  it("gives the bytes back, once, and that of all requests that were joined", () => {
    const [one, two] = [received(), received()];
    const merged = mergeBatches([one.batch, two.batch]);
    merged.release();
    merged.release();
    expect([one.left(), two.left()]).toEqual([0, 0]);
  });

  it("gives back what edits wrote", () => {
    const { batch } = received();
    const edited = batch.edit({ item: (span) => void (span.name = "another name, which takes as many bytes") });
    const before = edited.memoryBytes;
    edited.release();
    expect(before - edited.memoryBytes).toBeGreaterThan(LARGE.length + 2000 * 40);
  });

  it("leaves alone what others have", () => {
    const { batch, left } = received({});
    batch.release();
    expect(left()).toBe(LARGE.length);
  });

  it("leaves alone what is too small to be worth it", () => {
    const bytes = traces({ spans: [{ name: "a" }] })
      .encode()
      .slice();
    const batch = openBatch("traces", bytes, { owned: true });
    batch.release();
    expect(batch.encode()).toHaveLength(bytes.length);
  });

  it.each<[string, (batch: TraceBatch) => Batch]>([
    ["the batch itself", (batch) => batch],
    ["one made from it", (batch) => batch.filter(isEven)],
    ["one that it is joined in", (batch) => mergeBatches([batch, received().batch])],
  ])("leaves alone what was kept by %s", (_, derive) => {
    const { batch, left } = received();
    derive(batch).keep();
    batch.release();
    expect(left()).toBe(LARGE.length);
  });

  it.each<[string, (batch: TraceBatch) => Iterable<Batch>]>([
    ["a number of items", (batch) => batch.splitByItems(700)],
    ["a number of bytes", (batch) => batch.splitByBytes(LARGE.length / 3)],
    ["groups", (batch) => batch.groupBy((span) => (isEven(span) ? "even" : "odd")).values()],
  ])("leaves the pieces of a batch alone that was cut into %s", (_, cut) => {
    const whole = [...cut(openBatch("traces", LARGE))].map((piece) => piece.encode());
    const pieces = [...cut(received().batch)];
    const seen = pieces.map((piece) => {
      const bytes = piece.encode().slice();
      piece.release();
      return bytes;
    });
    expect(seen).toEqual(whole);
  });

  it("does not mind a batch that was not cut after all", () => {
    const { batch, left } = received();
    batch.splitByItems(5000);
    batch.groupBy(() => "one");
    batch.release();
    expect(left()).toBe(0);
  });

  it("gives back what a compact copy was made in", () => {
    const copy = received()
      .batch.filter(({ index }) => index % 3 === 0)
      .compact();
    const before = copy.memoryBytes;
    copy.release();
    expect(before - copy.memoryBytes).toBeGreaterThan(LARGE.length / 4);
  });
});
