import { testContext, testDelivery, type TestContext } from "@tidemark/core/testing";
import type { LogBatch } from "@tidemark/otlp";
import { logs } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { probabilisticSamplerConfig } from "./config.ts";
import { createSampler } from "./sampler.ts";
import { isSampled, parseRandomness, parseThreshold } from "./threshold.ts";

const HALF_ID = "fefefefefefefefefe80000000000000";

interface Input {
  readonly traceId?: string;
  readonly attributes?: Record<string, string | number>;
}

/** Runs one record through a sampler; gives its attributes, or `undefined` when it was dropped. */
function sample(config: Record<string, unknown>, record: Input, context: TestContext = testContext()): Record<string, unknown> | undefined {
  const sampler = createSampler(probabilisticSamplerConfig.parse(config), context);
  const delivery = testDelivery(logs({ records: [record] }));
  const cursor = (sampler.process(delivery.batch, delivery) as LogBatch | undefined)?.items();
  return cursor?.next() === true ? cursor.attributes.toObject() : undefined;
}

describe("proportional and equalizing", () => {
  it("decide by the trace id and write the threshold", () => {
    expect(sample({ mode: "proportional", sampling_percentage: 50 }, { traceId: HALF_ID })).toEqual({ "sampling.threshold": "8" });
    expect(sample({ mode: "proportional", sampling_percentage: 49 }, { traceId: HALF_ID })).toBeUndefined();
  });

  it("prefer explicit randomness, and multiply or raise the arriving threshold", () => {
    const record = { traceId: HALF_ID, attributes: { "sampling.randomness": "e0000000000000", "sampling.threshold": "8" } };
    expect(sample({ mode: "proportional", sampling_percentage: 50 }, record)).toEqual({
      "sampling.randomness": "e0000000000000",
      "sampling.threshold": "c",
    });
    expect(sample({ mode: "equalizing", sampling_percentage: 75 }, record)).toEqual({
      "sampling.randomness": "e0000000000000",
      "sampling.threshold": "8",
    });
  });

  it("hash the named attribute where there is no trace id, and write that randomness down", () => {
    const out = sample({ mode: "equalizing", sampling_percentage: 100, from_attribute: "uid" }, { attributes: { uid: "u-1" } });
    expect(out?.["sampling.threshold"]).toBe("0");
    expect(out?.["sampling.randomness"]).toMatch(/^[0-9a-f]{14}$/);
  });
});

describe("hash_seed", () => {
  it("writes randomness and threshold that agree", () => {
    let kept = 0;
    for (let id = 1; id <= 200; id += 1) {
      const out = sample({ sampling_percentage: 40 }, { traceId: (id * 0x9e3779b1).toString(16).padStart(32, "0") });
      if (out === undefined) continue;
      kept += 1;
      const randomness = parseRandomness(String(out["sampling.randomness"]));
      const threshold = parseThreshold(String(out["sampling.threshold"]));
      expect(randomness !== undefined && threshold !== undefined && isSampled(randomness, threshold)).toBe(true);
    }
    expect(kept).toBeGreaterThan(50);
    expect(kept).toBeLessThan(110);
  });

  it("with attribute_source record looks only at the attribute", () => {
    const config = { sampling_percentage: 50, attribute_source: "record", from_attribute: "uid" };
    const fates = (traceId: string): boolean[] =>
      Array.from({ length: 40 }, (_, uid) => sample(config, { traceId, attributes: { uid: `u-${uid}` } }) !== undefined);
    expect(fates(HALF_ID)).toEqual(fates("1".repeat(32)));
    expect(new Set(fates(HALF_ID)).size).toBe(2);
  });

  it("treats equal seeds alike and other seeds differently", () => {
    const fates = (seed: number): string =>
      Array.from({ length: 64 }, (_, id) =>
        sample({ sampling_percentage: 50, hash_seed: seed }, { traceId: (id + 1).toString(16).padStart(32, "0") }) === undefined ? 0 : 1,
      ).join("");
    expect(fates(22)).toBe(fates(22));
    expect(fates(22)).not.toBe(fates(23));
  });
});

describe("undecidable records", () => {
  it.each([
    ["missing_randomness", { mode: "proportional" }, {}],
    ["missing_randomness", { attribute_source: "record", from_attribute: "uid" }, { traceId: HALF_ID }],
    ["invalid_tracestate", { mode: "equalizing" }, { traceId: HALF_ID, attributes: { "sampling.threshold": "xyz" } }],
    ["invalid_tracestate", { mode: "equalizing" }, { traceId: HALF_ID, attributes: { "sampling.randomness": "1" } }],
    ["inconsistent_arriving_threshold", { mode: "equalizing" }, { traceId: HALF_ID, attributes: { "sampling.threshold": "c" } }],
    ["randomness_in_use", {}, { traceId: HALF_ID, attributes: { "sampling.randomness": "e0000000000000" } }],
    ["threshold_in_use", {}, { traceId: HALF_ID, attributes: { "sampling.threshold": "8" } }],
  ])("%s: dropped, or kept with fail_closed: false", (reason, config, record) => {
    const context = testContext();
    expect(sample({ sampling_percentage: 100, ...config }, record, context)).toBeUndefined();
    expect([...context.drops]).toEqual([[reason, 1]]);
    expect(sample({ sampling_percentage: 100, fail_closed: false, ...config }, record)).toBeDefined();
  });
});

describe("sampling_priority", () => {
  const config = { mode: "equalizing", sampling_percentage: 1, sampling_priority: "priority" };

  it("lets a record ask for more than the configuration gives", () => {
    expect(sample(config, { traceId: HALF_ID, attributes: { priority: 50 } })).toMatchObject({ "sampling.threshold": "8" });
    expect(sample(config, { traceId: HALF_ID, attributes: { priority: 400 } })).toMatchObject({ "sampling.threshold": "0" });
  });

  it("never makes it less", () => {
    expect(sample({ ...config, sampling_percentage: 100 }, { traceId: HALF_ID, attributes: { priority: 1 } })).toMatchObject({
      "sampling.threshold": "0",
    });
    expect(sample(config, { traceId: HALF_ID, attributes: { priority: 0 } })).toBeUndefined();
  });
});
