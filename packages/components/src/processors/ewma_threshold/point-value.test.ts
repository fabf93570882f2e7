import type { Alert } from "@tidemark/alerting";
import { metrics } from "@tidemark/otlp/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RESOURCE, rig, SECOND, START } from "./testing/rig.ts";
import type { Rig } from "./testing/rig.ts";

describe("ewma_threshold on other kinds of metrics", () => {
  const last = async (given: Rig): Promise<Alert | undefined> => (await given.alerts()).at(-1);

  it("takes cumulative counters as rates, and is not fooled by a reset", async () => {
    const given = rig();
    let total = 1000n;
    for (let i = 1; i <= 5; i++) given.metric(i * 10, { sum: [{ value: (total += 100n) }] });
    // Restarted: 100 since a new start 10 s ago is the same 10/s.
    given.metric(60, { sum: [{ value: 100n, startTimeUnixNano: START + 50n * SECOND }] });
    // Decreased without a new start: taken from 0.
    given.metric(70, { sum: [{ value: 90n, startTimeUnixNano: START + 50n * SECOND }] });
    expect(await given.alerts()).toEqual([]);
    given.metric(80, { sum: [{ value: 490n, startTimeUnixNano: START + 50n * SECOND }] });
    expect(await last(given)).toMatchObject({ value: 40, unit: "ms/s", summary: expect.stringContaining("rate of chat.metric") });
  });

  it("takes delta sums as rates over their own interval", async () => {
    const given = rig();
    const delta = (at: number, value: bigint) =>
      given.metric(at, { temporality: 1, sum: [{ value, startTimeUnixNano: START + BigInt(at - 10) * SECOND }] });
    for (let i = 1; i <= 4; i++) delta(i * 10, 100n);
    delta(50, 300n);
    expect(await last(given)).toMatchObject({ value: 30 });
  });

  it("takes an up-down counter as a gauge", async () => {
    const given = rig();
    for (let i = 1; i <= 4; i++) given.metric(i, { monotonic: false, sum: [{ value: 100n }] });
    given.metric(5, { monotonic: false, sum: [{ value: 160n }] });
    expect(await last(given)).toMatchObject({ value: 160, unit: "ms" });
  });

  it("takes histograms as the mean of each interval, and intervals without observations as nothing", async () => {
    const given = rig();
    const histogram = (at: number, count: bigint, sum: number) =>
      given.metric(at, { histogram: [{ count, sum, bucketCounts: [count, 0n], explicitBounds: [100] }] });
    histogram(1, 10n, 1000);
    for (let i = 2; i <= 5; i++) histogram(i, 10n * BigInt(i), 1000 * i);
    histogram(6, 50n, 5000);
    expect(await given.alerts()).toEqual([]);
    histogram(7, 60n, 7000);
    expect(await last(given)).toMatchObject({ value: 200, summary: expect.stringContaining("mean of chat.metric") });
  });

  it("takes the quantile of the interval's buckets when asked to", async () => {
    const given = rig({ quantile: 0.5 });
    const buckets: [bigint, bigint, bigint] = [0n, 0n, 0n];
    const histogram = (at: number, add: readonly [bigint, bigint, bigint]) => {
      for (const [i, count] of add.entries()) buckets[i] = (buckets[i] ?? 0n) + count;
      given.metric(at, {
        histogram: [{ count: buckets[0] + buckets[1] + buckets[2], sum: 1, bucketCounts: [...buckets], explicitBounds: [100, 200] }],
      });
    };
    for (let i = 1; i <= 5; i++) histogram(i, [10n, 0n, 0n]);
    expect(await given.alerts()).toEqual([]);
    histogram(6, [0n, 10n, 0n]);
    expect(await last(given)).toMatchObject({ value: 150, threshold: 75, summary: expect.stringContaining("p50 of chat.metric") });
  });
});

it("takes exponential histograms and summaries as the mean of each interval", async () => {
  const given = rig({ match: { metrics: ["latency.*"] } });
  const send = (i: number, mean: number): void => {
    const point = { timeUnixNano: START + BigInt(i) * SECOND, startTimeUnixNano: START - SECOND, count: 10n * BigInt(i + 1) };
    const total = (sums[i - 1] ?? 0) + 10 * mean;
    sums[i] = total;
    const data = [
      {
        name: "latency.exponential",
        data: { exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ ...point, sum: total, scale: 0 }] } },
      },
      {
        name: "latency.summary",
        data: { summary: { dataPoints: [{ ...point, sum: total, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
      },
    ];
    given.processor.process(metrics({ resource: RESOURCE, metrics: data }));
  };
  const sums: number[] = [];
  for (let i = 0; i < 5; i++) send(i, 100);
  send(5, 250);
  expect((await given.alerts()).map(({ metric, value }) => [metric, value])).toEqual([
    ["latency.exponential", 250],
    ["latency.summary", 250],
  ]);
});

it("survives any numbers and times that a sender may write, and loses no alert over them", async () => {
  const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const point = fc.record({
    time: fc.oneof(uint64, fc.bigInt({ min: START, max: START + 10n * SECOND })),
    start: uint64,
    value: fc.double(),
    count: uint64,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(point, { maxLength: 30 }), fc.constantFrom(1 as const, 2 as const), async (points, temporality) => {
      const { processor, context, alerts } = rig({ min_samples: 1, direction: "both", quantile: 0.9 });
      const stamped = points.map(({ time, start, value }) => ({ value, timeUnixNano: time, startTimeUnixNano: start }));
      const histogram = points.map(({ time, start, value, count }) => ({
        timeUnixNano: time,
        startTimeUnixNano: start,
        count,
        sum: value,
        bucketCounts: [count, 0n, count],
        explicitBounds: [value, 1],
      }));
      processor.process(
        metrics({
          metrics: [
            { name: "g", gauge: stamped },
            { name: "s", sum: stamped, temporality },
            { name: "u", sum: stamped, temporality, monotonic: false },
            { name: "h", histogram, temporality },
          ],
        }),
      );
      await alerts();
      expect(context.lines).toEqual([]);
      await processor.shutdown(AbortSignal.abort());
    }),
    { numRuns: 150 },
  );
});
