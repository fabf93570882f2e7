import { createNoopMeter, type Counter, type Meter } from "@opentelemetry/api";
import { testContext, testDelivery, type TestContext } from "@tidemark/core/testing";
import type { TraceBatch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { probabilisticSamplerConfig } from "./config.ts";
import { parseTraceState } from "./ot-tracestate.ts";
import { createSampler } from "./sampler.ts";
import { isSampled } from "./threshold.ts";

type Mode = "hash_seed" | "equalizing" | "proportional";

/** Randomness 0x80000000000000: kept at 50 %, not at 49 %. */
const HALF_ID = "fefefefefefefefefe80000000000000";
const ALWAYS_ID = "111111111111111111ffffffffffffff";
const NO_ID = "0".repeat(32);

interface Input {
  readonly config: Record<string, unknown>;
  readonly traceId?: string;
  readonly traceState?: string;
  readonly attributes?: Record<string, string | number | bigint | boolean>;
  readonly context?: TestContext;
}

/** Runs one span through a sampler; gives its tracestate, or `undefined` when it was dropped. */
function sample({ config, traceId = HALF_ID, traceState = "", attributes = {}, context = testContext() }: Input): string | undefined {
  // The vectors count precision 0 as full precision.
  const sampler = createSampler(
    probabilisticSamplerConfig.parse({ sampling_precision: 14, hash_seed: 4312, fail_closed: false, ...config }),
    context,
  );
  const delivery = testDelivery(traces({ spans: [{ traceId, traceState, attributes }] }));
  const out = sampler.process(delivery.batch, delivery) as TraceBatch | undefined;
  const cursor = out?.items();
  return cursor?.next() === true ? cursor.traceState : undefined;
}

interface Row {
  readonly name: string;
  readonly percentage: number;
  readonly precision?: number;
  readonly traceId?: string;
  readonly traceState?: string;
  readonly attributes?: Record<string, bigint>;
  readonly failClosed?: boolean;
  /** Both modes, or one after the other; `undefined` is dropped. */
  readonly equalizing: string | undefined;
  readonly proportional: string | undefined;
}

const both = (state: string | undefined): { equalizing: string | undefined; proportional: string | undefined } => ({
  equalizing: state,
  proportional: state,
});

// tracesprocessor_test.go, Test_tracesamplerprocessor_TraceState.
const ROWS: readonly Row[] = [
  { name: "100 percent", percentage: 100, ...both("ot=th:0") },
  { name: "50 percent sampled", percentage: 50, ...both("ot=th:8") },
  { name: "25 percent sampled", percentage: 25, traceId: "ddddddddddddddddddc0000000000000", ...both("ot=th:c") },
  { name: "25 percent unsampled", percentage: 25, traceId: "ddddddddddddddddddb0000000000000", ...both(undefined) },
  {
    name: "1 percent sampled, upper case passes through",
    percentage: 1,
    traceState: "ot=rv:FD70A3D70A3D71",
    ...both("ot=rv:FD70A3D70A3D71;th:fd70a3d70a3d71"),
  },
  {
    name: "1 percent, precision 4",
    percentage: 1,
    precision: 4,
    traceState: "ot=rv:FD70A3D70A3D71",
    ...both("ot=rv:FD70A3D70A3D71;th:fd70a"),
  },
  { name: "1 percent, precision 3", percentage: 1, precision: 3, traceState: "ot=rv:FD70A3D70A3D71", ...both(undefined) },
  { name: "1 percent not sampled", percentage: 1, traceState: "ot=rv:FD70A3D70A3D70", ...both(undefined) },
  { name: "49 percent not sampled", percentage: 49, ...both(undefined) },
  {
    name: "1 percent sampled with rv",
    percentage: 1,
    traceState: "ot=rv:fd70B000000000",
    ...both("ot=rv:fd70B000000000;th:fd70a3d70a3d71"),
  },
  {
    name: "1 percent sampled with trace id",
    percentage: 1,
    precision: 4,
    traceId: "a0a0a0a0a0a0a0a0a0fe000000000000",
    ...both("ot=th:fd70a"),
  },
  { name: "sampled by priority", percentage: 1, attributes: { "sampling.priority": 2n }, ...both("ot=th:0") },
  { name: "not sampled by priority", percentage: 99, attributes: { "sampling.priority": 0n }, ...both(undefined) },
  {
    name: "incoming 50 percent with rv",
    percentage: 50,
    traceState: "ot=rv:90000000000000;th:80000000000000",
    equalizing: "ot=rv:90000000000000;th:8",
    proportional: undefined,
  },
  { name: "incoming 50 percent at 25 percent not sampled", percentage: 25, traceState: "ot=th:8", ...both(undefined) },
  {
    name: "incoming 50 percent at 25 percent sampled",
    percentage: 25,
    traceId: "f".repeat(32),
    traceState: "ot=th:8",
    equalizing: "ot=th:c",
    proportional: "ot=th:e",
  },
  {
    name: "equalizing against proportional",
    percentage: 50,
    traceState: "ot=rv:c0000000000000;th:8",
    equalizing: "ot=rv:c0000000000000;th:8",
    proportional: "ot=rv:c0000000000000;th:c",
  },
  { name: "inconsistent threshold", percentage: 100, traceState: "ot=rv:40000000000000;th:8", ...both("ot=rv:40000000000000;th:0") },
  {
    name: "inconsistent threshold, fail closed",
    percentage: 1,
    failClosed: true,
    traceState: "ot=rv:40000000000000;th:8",
    ...both(undefined),
  },
  {
    name: "40 percent, precision 3",
    percentage: 40,
    precision: 3,
    traceState: "ot=rv:a0000000000000",
    ...both("ot=rv:a0000000000000;th:99a"),
  },
  {
    name: "50 at 40 percent, precision 6",
    percentage: 40,
    precision: 6,
    traceId: "a0a0a0a0a0a0a0a0a0d0000000000000",
    traceState: "ot=th:8",
    equalizing: "ot=th:99999a",
    proportional: "ot=th:cccccd",
  },
  {
    name: "50 at 40 percent partly sampled",
    percentage: 40,
    precision: 3,
    traceId: "a0a0a0a0a0a0a0a0a0b0000000000000",
    traceState: "ot=th:8",
    equalizing: "ot=th:99a",
    proportional: undefined,
  },
  {
    name: "50 at 40 percent not sampled",
    percentage: 40,
    precision: 3,
    traceId: "a0a0a0a0a0a0a0a0a080000000000000",
    traceState: "ot=th:8",
    ...both(undefined),
  },
  { name: "200 percent", percentage: 200, ...both("ot=th:0") },
  {
    name: "tiny probability",
    percentage: 100 * 2 ** -14,
    traceId: ALWAYS_ID,
    traceState: "ot=th:fffc",
    equalizing: "ot=th:fffc",
    proportional: "ot=th:fffffff",
  },
  { name: "almost 100 percent", percentage: (1 - 8e-7) * 100, precision: 10, traceId: ALWAYS_ID, ...both("ot=th:00000cccccccd") },
  {
    name: "probability underflow",
    percentage: 2 ** -4,
    traceId: ALWAYS_ID,
    traceState: "ot=th:fffffffffffff8",
    equalizing: "ot=th:fffffffffffff8",
    proportional: undefined,
  },
  {
    name: "keeps other vendors and unknown sub-keys",
    percentage: 50,
    traceState: "congo=t61,ot=p:9;th:0",
    ...both("ot=th:8;p:9,congo=t61"),
  },
  {
    name: "leaves the threshold out of a value that is too long",
    percentage: 50,
    traceState: `ot=x:${"y".repeat(252)}`,
    ...both(`ot=x:${"y".repeat(252)}`),
  },
];

describe.each(["equalizing", "proportional"] as const)("%s", (mode) => {
  it.each(ROWS)("$name", (row) => {
    const { percentage, precision = 14, failClosed = false, traceId, traceState, attributes } = row;
    const config = { mode, sampling_percentage: percentage, sampling_precision: precision, fail_closed: failClosed };
    expect(sample({ config, ...(traceId && { traceId }), ...(traceState && { traceState }), ...(attributes && { attributes }) })).toBe(
      row[mode],
    );
  });

  // Test_tracesamplerprocessor_TraceStateErrors.
  it.each([
    ["missing_randomness", NO_ID, ""],
    ["invalid_tracestate", HALF_ID, "ot=rv:abababababababab"],
    ["invalid_tracestate", HALF_ID, "ot=th:abababababababab"],
    ["invalid_tracestate", HALF_ID, "ot=th:-1"],
    ["inconsistent_arriving_threshold", "ffffffffffffffffff70000000000000", "ot=th:8"],
    ["inconsistent_arriving_threshold", HALF_ID, "ot=th:8;rv:70000000000000"],
  ])("drops with the reason %s", (reason, traceId, traceState) => {
    const context = testContext();
    expect(sample({ config: { mode, sampling_percentage: 100, fail_closed: true }, traceId, traceState, context })).toBeUndefined();
    expect([...context.drops]).toEqual([[reason, 1]]);
  });
});

describe("hash_seed", () => {
  // Test_tracesamplerprocessor_HashSeedTraceState.
  it.each([
    [100, "0"],
    [75, "4"],
    [50, "8"],
    [25, "c"],
    [10, "e668"],
    [100 / 3, "aaac"],
  ])("writes a threshold of 14 bits and consistent randomness at %d percent", (percentage, th) => {
    let found = 0;
    for (let id = 1; found < 10; id += 1) {
      const state = sample({ config: { sampling_percentage: percentage }, traceId: (id * 0x9e3779b1).toString(16).padStart(32, "0") });
      if (state === undefined) continue;
      found += 1;
      const parsed = parseTraceState(state);
      if (typeof parsed === "string" || parsed.ot.randomness === undefined || parsed.ot.threshold === undefined) throw new Error(state);
      expect(parsed.ot.th).toBe(th);
      expect(isSampled(parsed.ot.randomness, parsed.ot.threshold)).toBe(true);
    }
  });

  it.each([
    ["ot=rv:90000000000000", "randomness_in_use"],
    ["ot=th:8", "threshold_in_use"],
  ])("refuses %s", (traceState, reason) => {
    const context = testContext();
    expect(sample({ config: { sampling_percentage: 100, fail_closed: true }, traceState, context })).toBeUndefined();
    expect(context.drops.get(reason)).toBe(1);
  });

  // Test_tracessamplerprocessor_MissingRandomness.
  it.each([
    [0, true, false],
    [62, true, false],
    [100, true, false],
    [0, false, false],
    [62, false, true],
    [100, false, true],
  ])("without a trace id at %d percent, fail_closed %s: kept %s", (percentage, failClosed, kept) => {
    expect(sample({ config: { sampling_percentage: percentage, fail_closed: failClosed }, traceId: NO_ID }) !== undefined).toBe(kept);
  });
});

describe.each(["hash_seed", "equalizing", "proportional"] as const)("sampling.priority in %s", (mode: Mode) => {
  it.each([
    [0, 2n, true],
    [0, 1.5, true],
    [0, "1", true],
    [0, "0.5", true],
    [100, 0n, false],
    [100, 0, false],
    [100, "0.0", false],
    [100, -1n, true],
    [0, -1n, false],
    [0, "NaN", false],
    [0, true, false],
    [100, "", true],
  ])("at %d percent with %s: kept %s", (percentage, value, kept) => {
    expect(sample({ config: { mode, sampling_percentage: percentage }, attributes: { "sampling.priority": value } }) !== undefined).toBe(
      kept,
    );
  });
});

describe("a batch", () => {
  it("keeps the order and writes each span its own tracestate", () => {
    const context = testContext();
    const sampler = createSampler(probabilisticSamplerConfig.parse({ mode: "equalizing", sampling_percentage: 50 }), context);
    const spans = [
      { name: "a", traceId: ALWAYS_ID },
      { name: "b", traceId: "11111111111111111100000000000001" },
      { name: "c", traceId: ALWAYS_ID, traceState: "ot=th:c" },
      { name: "d", traceId: HALF_ID, traceState: "congo=1" },
    ];
    const delivery = testDelivery(traces({ spans }));
    const cursor = (sampler.process(delivery.batch, delivery) as TraceBatch).items();
    const seen: string[] = [];
    while (cursor.next()) seen.push(`${cursor.name} ${cursor.traceState}`);
    expect(seen).toEqual(["a ot=th:8", "c ot=th:c", "d ot=th:8,congo=1"]);
    expect([...context.drops]).toEqual([["not_sampled", 1]]);
  });

  it("comes out as it went in when nothing is to be written", () => {
    const sampler = createSampler(probabilisticSamplerConfig.parse({ mode: "equalizing", sampling_percentage: 50 }), testContext());
    const delivery = testDelivery(traces({ spans: [{ traceId: ALWAYS_ID, traceState: "ot=th:c" }] }));
    expect(sampler.process(delivery.batch, delivery)).toBe(delivery.batch);
  });
});

describe("options", () => {
  it.each([
    [{ sampling_percentage: -1 }, "sampling rate is negative: -1%"],
    [{ sampling_percentage: 1e-16 }, "sampling rate is too small: 1e-16%"],
    [{ sampling_precision: 0 }, "invalid sampling precision: 0"],
    [{ sampling_precision: 15 }, "sampling precision is too great, should be <= 14: 15"],
  ])("%o: %s", (config, message) => {
    expect(probabilisticSamplerConfig.safeParse(config).error?.issues[0]?.message).toBe(message);
  });
});

/** A meter that writes down what is added to counters. */
function recordingMeter(seen: unknown[]): Meter {
  const createCounter = (name: string): Counter => ({ add: (value, labels) => void seen.push([name, value, labels]) });
  return Object.assign(Object.create(createNoopMeter()) as Meter, { createCounter });
}

describe("metrics", () => {
  it("count decisions by policy, once per batch", () => {
    const seen: unknown[] = [];
    const context = { ...testContext({ id: "probabilistic_sampler" }), meter: recordingMeter(seen) };
    const sampler = createSampler(probabilisticSamplerConfig.parse({ mode: "equalizing", sampling_percentage: 50 }), context);
    const low = "11111111111111111100000000000001";
    const spans = [
      { traceId: ALWAYS_ID },
      { traceId: HALF_ID },
      { traceId: low },
      { traceId: low, attributes: { "sampling.priority": 1n } },
    ];
    const delivery = testDelivery(traces({ spans }));
    sampler.process(delivery.batch, delivery);
    const name = "otelcol_processor_probabilistic_sampler_count_traces_sampled";
    expect(seen).toEqual([
      [name, 2, { processor: "probabilistic_sampler", policy: "trace_id_w3c", sampled: "true" }],
      [name, 1, { processor: "probabilistic_sampler", policy: "sampling_priority", sampled: "true" }],
      [name, 1, { processor: "probabilistic_sampler", policy: "trace_id_w3c", sampled: "false" }],
    ]);
  });
});
