import { seededRandom, testContext, testDelivery } from "@tidemark/core/testing";
import type { TraceBatch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { probabilisticSamplerConfig } from "./config.ts";
import { parseTraceState } from "./ot-tracestate.ts";
import { createSampler } from "./sampler.ts";
import { adjustedCount } from "./threshold.ts";

const POPULATION = 20_000;

function population(seed: number, size = POPULATION): TraceBatch {
  const random = seededRandom(seed);
  const word = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return traces({
    spans: Array.from({ length: size }, (_, index) => ({ name: String(index), traceId: `${word()}${word()}${word()}${word()}` })),
  });
}

function run(batch: TraceBatch, mode: string, percentage: number): TraceBatch | undefined {
  const sampler = createSampler(
    probabilisticSamplerConfig.parse({ mode, sampling_percentage: percentage, sampling_precision: 8 }),
    testContext(),
  );
  const delivery = testDelivery(batch);
  return sampler.process(delivery.batch, delivery) as TraceBatch | undefined;
}

function read(batch: TraceBatch | undefined): { readonly names: Set<string>; readonly estimate: number } {
  const names = new Set<string>();
  let estimate = 0;
  const cursor = batch?.items();
  while (cursor?.next() === true) {
    names.add(cursor.name);
    const state = parseTraceState(cursor.traceState);
    if (typeof state !== "string" && state.ot.threshold !== undefined) estimate += adjustedCount(state.ot.threshold);
  }
  return { names, estimate };
}

describe.each(["hash_seed", "proportional", "equalizing"])("%s", (mode) => {
  const batch = population(7);

  it.each([0.5, 5, 25, 50, 90])("keeps %d percent within 4 sigma, and the kept stand for all", (percentage) => {
    const { names, estimate } = read(run(batch, mode, percentage));
    const p = percentage / 100;
    const sigma = Math.sqrt(POPULATION * p * (1 - p));
    // hash_seed rounds the percentage down to a multiple of 1/16384.
    const bias = mode === "hash_seed" ? POPULATION / 0x4000 : 0;
    expect(Math.abs(names.size - POPULATION * p)).toBeLessThan(4 * sigma + bias);
    expect(Math.abs(estimate - POPULATION)).toBeLessThan((4 * sigma + bias) / p);
  });

  it("keeps at a higher percentage whatever it keeps at a lower one", () => {
    const small = population(11, 500);
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.double({ min: 0.01, max: 100, noNaN: true }), (a, b) => {
        const fewer = read(run(small, mode, Math.min(a, b))).names;
        const more = read(run(small, mode, Math.max(a, b))).names;
        expect([...fewer].filter((name) => !more.has(name))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("two stages", () => {
  it.each([
    ["proportional", 0.5 * 0.2],
    ["equalizing", 0.2],
  ])("%s: the counts stay unbiased", (mode, p) => {
    const first = run(population(13), mode, 50);
    if (first === undefined) throw new Error("nothing was kept");
    const { names, estimate } = read(run(first, mode, 20));
    const sigma = Math.sqrt(POPULATION * p * (1 - p));
    expect(Math.abs(names.size - POPULATION * p)).toBeLessThan(4 * sigma);
    expect(Math.abs(estimate - POPULATION)).toBeLessThan((4 * sigma) / p);
  });
});
