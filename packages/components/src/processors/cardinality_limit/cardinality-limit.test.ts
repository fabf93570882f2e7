import { testContext, testDelivery, type TestContext } from "@tidemark/core/testing";
import type { Batch, MetricBatch } from "@tidemark/otlp";
import { metrics, type MetricInput } from "@tidemark/otlp/testing";
import { mergeBatches } from "@tidemark/otlp";
import { describe, expect, it } from "vitest";
import { createCardinalityLimit } from "./cardinality-limit.ts";
import { cardinalityLimitConfig } from "./config.ts";

interface Bench {
  readonly context: TestContext;
  process(batch: MetricBatch): Batch | undefined;
}

function bench(config: Record<string, unknown> = {}): Bench {
  const context = testContext({ id: "cardinality_limit" });
  const processor = createCardinalityLimit(cardinalityLimitConfig.parse({ limit: 2, soft_limit: 2, ...config }), {
    ...context,
    pipeline: "metrics",
  });
  return { context, process: (batch) => processor.process(batch, testDelivery(batch)) };
}

/** One point for each series name. */
function batchOf(series: readonly string[], metric: Partial<MetricInput> = {}, resource?: Record<string, string>): MetricBatch {
  const points = series.map((name, index) => ({ value: BigInt(10 ** index), attributes: { id: name } }));
  return metrics({ ...(resource && { resource }), metrics: [{ name: "requests", unit: "1", temporality: 1, sum: points, ...metric }] });
}

/** Every point as text: resource, attributes and value. */
function lines(batch: Batch | undefined): string[] {
  const cursor = (batch as MetricBatch | undefined)?.items();
  const found: string[] = [];
  while (cursor?.next() === true) {
    const { metric, resource } = cursor;
    found.push(
      `${resource.attributes.getString("service.name")} ${metric.name} ${JSON.stringify(cursor.attributes.toObject())} ${String(cursor.value ?? cursor.count)}`,
    );
  }
  return found;
}

describe("overflow", () => {
  it("passes series with a place through untouched", () => {
    const { process } = bench();
    const batch = batchOf(["a", "b"]);
    expect(process(batch)).toBe(batch);
    const again = batchOf(["b", "a"]);
    expect(process(again)).toBe(again);
  });

  it("adds up the rest in one series that keeps resource, scope, name and unit", () => {
    const { context, process } = bench();
    const out = process(batchOf(["a", "b", "c", "d"])) as MetricBatch;
    expect(lines(out)).toEqual([
      'test requests {"id":"a"} 1',
      'test requests {"id":"b"} 10',
      'test requests {"otel.metric.overflow":true} 1100',
    ]);
    const cursor = out.items();
    for (let at = 0; at < 3; at += 1) cursor.next();
    expect([
      cursor.metric.unit,
      cursor.metric.type,
      cursor.metric.temporality,
      cursor.metric.isMonotonic,
      cursor.scope.name,
      cursor.valueKind,
    ]).toEqual(["1", "sum", 1, true, "test", "int"]);
    // Two points became one: the books say where the other went.
    expect([...context.drops]).toEqual([["folded_into_overflow", 1]]);
  });

  it("keeps one overflow series for each resource", () => {
    const { process } = bench();
    process(batchOf(["a", "b"]));
    const out = process(mergeBatches([batchOf(["c", "d"]), batchOf(["e"], {}, { "service.name": "other" })]));
    expect(lines(out)).toEqual(['test requests {"otel.metric.overflow":true} 11', 'other requests {"otel.metric.overflow":true} 1']);
  });

  it("does not let resources explode instead", () => {
    const { process } = bench();
    process(batchOf(["a", "b"]));
    const seen = new Set<string>();
    for (let pod = 0; pod < 200; pod += 1)
      for (const line of lines(process(batchOf(["x"], {}, { "service.name": `pod-${pod}` })))) seen.add(line);
    expect(seen.size).toBe(65);
    expect([...seen].at(-1)).toBe('undefined requests {"otel.metric.overflow":true} 1');
  });

  it("counts each metric name by itself", () => {
    const { process } = bench();
    process(batchOf(["a", "b"]));
    const other = batchOf(["c", "d"], { name: "errors" });
    expect(process(other)).toBe(other);
  });

  it("keeps a cumulative overflow series at one start and growing", () => {
    const { process } = bench();
    const at = (seconds: number, value: bigint): MetricBatch =>
      metrics({
        metrics: [
          {
            name: "m",
            sum: ["a", "b", "c", "d"].map((id) => ({
              value,
              attributes: { id },
              startTimeUnixNano: 5n,
              timeUnixNano: BigInt(seconds) * 1_000_000_000n,
            })),
          },
        ],
      });
    expect(lines(process(at(1, 10n))).at(-1)).toBe('test m {"otel.metric.overflow":true} 20');
    expect(lines(process(at(2, 15n))).at(-1)).toBe('test m {"otel.metric.overflow":true} 30');
    // A retry of the same points adds nothing.
    expect(lines(process(at(2, 15n))).at(-1)).toBe('test m {"otel.metric.overflow":true} 30');
    // A reset starts from zero.
    expect(lines(process(at(3, 4n))).at(-1)).toBe('test m {"otel.metric.overflow":true} 38');
  });

  it("adds up histograms with the same bounds, and keeps others apart", () => {
    const { process } = bench({ limit: 1, soft_limit: 1 });
    const point = (id: string, bounds: readonly number[]) => ({
      attributes: { id },
      count: 3n,
      sum: 6,
      min: 1,
      max: 4,
      bucketCounts: [1n, 2n],
      explicitBounds: bounds,
    });
    const out = process(
      metrics({
        metrics: [{ name: "h", temporality: 1, histogram: [point("a", [2]), point("b", [2]), point("c", [2]), point("d", [3])] }],
      }),
    );
    const cursor = (out as MetricBatch).items();
    const seen: unknown[] = [];
    while (cursor.next()) seen.push([cursor.count, cursor.sum, cursor.min, cursor.max, cursor.bucketCounts, cursor.explicitBounds]);
    expect(seen).toEqual([
      [3, 6, 1, 4, [1, 2], [2]],
      [6, 12, 1, 4, [2, 4], [2]],
      [3, 6, 1, 4, [1, 2], [3]],
    ]);
  });

  it.each([
    ["gauge_over_limit", { gauge: [{ value: 1, attributes: { id: "x" } }] }],
    ["non_monotonic_sum_over_limit", { temporality: 2, monotonic: false, sum: [{ value: 1, attributes: { id: "x" } }] }],
    ["exponential_histogram_over_limit", { data: { exponentialHistogram: { aggregationTemporality: 1, dataPoints: [{ count: 1n }] } } }],
    ["summary_over_limit", { data: { summary: { dataPoints: [{ count: 1n }] } } }],
  ] as const)("drops what cannot be added up: %s", (reason, input) => {
    const { context, process } = bench();
    process(batchOf(["a", "b"], { name: "m" }));
    expect(process(metrics({ metrics: [{ name: "m", ...(input as Omit<MetricInput, "name">) }] }))).toBeUndefined();
    expect([...context.drops]).toEqual([[reason, 1]]);
  });

  it("drops points of cumulative series that it has no memory for", () => {
    const { context, process } = bench({ max_folded_series: 1 });
    const cumulative = { temporality: 2 as const };
    process(batchOf(["a", "b", "c", "d"], cumulative));
    expect([...context.drops]).toEqual([["fold_memory_full", 1]]);
  });
});

describe("places", () => {
  it("are given to others after ttl", async () => {
    const { context, process } = bench({ ttl: "10m" });
    process(batchOf(["a", "b"]));
    await context.clock.advance(20 * 60_000);
    const batch = batchOf(["c", "d"]);
    expect(process(batch)).toBe(batch);
  });

  it("stay with series that go on", async () => {
    const { context, process } = bench({ ttl: "10m" });
    for (let minute = 0; minute < 30; minute += 1) {
      process(batchOf(["a", "b"]));
      await context.clock.advance(60_000);
    }
    expect(lines(process(batchOf(["c"])))).toEqual(['test requests {"otel.metric.overflow":true} 1']);
  });

  it("are not wasted on series that appear once", () => {
    const { process } = bench({ limit: 10, soft_limit: 2 });
    process(batchOf(["a", "b"]));
    for (let junk = 0; junk < 500; junk += 1) process(batchOf([`junk-${junk}`]));
    process(batchOf(["c"]));
    const second = batchOf(["c"]);
    expect(process(second)).toBe(second);
  });
});

describe("other actions", () => {
  it("drop: drops with a reason", () => {
    const { context, process } = bench({ action: "drop" });
    expect(lines(process(batchOf(["a", "b", "c", "d"])))).toHaveLength(2);
    expect([...context.drops]).toEqual([["series_limit", 2]]);
  });

  it("report: changes nothing", () => {
    const { context, process } = bench({ action: "report" });
    const batch = batchOf(["a", "b", "c", "d"]);
    expect(process(batch)).toBe(batch);
    expect(context.drops.size).toBe(0);
  });
});

describe("metric names", () => {
  it("beyond max_metrics share one limit", () => {
    const { process } = bench({ max_metrics: 1 });
    process(batchOf(["a"], { name: "first" }));
    process(batchOf(["a", "b"], { name: "second" }));
    expect(lines(process(batchOf(["c"], { name: "third" })))).toEqual(['test third {"otel.metric.overflow":true} 1']);
  });
});

describe("options", () => {
  it("rejects a soft limit above the limit", () => {
    expect(cardinalityLimitConfig.safeParse({ limit: 5, soft_limit: 6 }).error?.issues[0]?.message).toBe(
      "'soft_limit' must not be larger than 'limit'",
    );
  });
});
