import { testContext, testDelivery, type TestContext } from "@tidemark/core/testing";
import type { Batch, DataPointView, MetricBatch } from "@tidemark/otlp";
import { metrics } from "@tidemark/otlp/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCardinalityLimit } from "./cardinality-limit.ts";
import { cardinalityLimitConfig } from "./config.ts";

const MS = 1_000_000n;
const TTL_MS = 600_000;
const BOUNDS = [1, 10];

/** A measurement of one series, after some time has passed; `restart` makes the sender begin again from zero. */
interface Step {
  readonly series: number;
  readonly amount: number;
  readonly waitMs: number;
  readonly restart: boolean;
}

const steps = fc.array(
  fc.record({
    series: fc.integer({ min: 0, max: 9 }),
    amount: fc.integer({ min: 0, max: 20 }),
    // Up to two ttl at a time: series expire and come back, but are not forgotten (10 ttl) in most runs.
    waitMs: fc.oneof({ weight: 5, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.integer({ min: 1000, max: 2 * TTL_MS }) }),
    restart: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
  }),
  { maxLength: 60 },
);

interface Totals {
  value: number;
  buckets: number[];
}

/** A client that holds running totals and sends them, or what was added, as the SDK does. */
class Sender {
  readonly totals: Totals = { value: 0, buckets: [0, 0, 0] };
  readonly #series = new Map<number, { start: bigint; total: Totals }>();
  readonly #temporality: 1 | 2;
  readonly #type: "sum" | "histogram";

  constructor(temporality: 1 | 2, type: "sum" | "histogram") {
    this.#temporality = temporality;
    this.#type = type;
  }

  send(step: Step, nowMs: number): MetricBatch {
    const time = BigInt(Math.round(nowMs)) * MS;
    let known = this.#series.get(step.series);
    if (known === undefined || step.restart) {
      known = { start: time - MS, total: { value: 0, buckets: [0, 0, 0] } };
      this.#series.set(step.series, known);
    }
    const bucket = step.amount <= 1 ? 0 : step.amount <= 10 ? 1 : 2;
    const added: Totals = {
      value: step.amount,
      buckets: [0, 0, 0].map((_, index) => (index === bucket && this.#type === "histogram" ? 1 : 0)),
    };
    add(this.totals, added);
    add(known.total, added);
    const sent = this.#temporality === 1 ? added : known.total;
    const shared = {
      attributes: { series: step.series },
      startTimeUnixNano: this.#temporality === 1 ? time - MS : known.start,
      timeUnixNano: time,
    };
    const count = BigInt(sent.buckets.reduce((sum, value) => sum + value, 0));
    return metrics({
      metrics: [
        this.#type === "sum"
          ? { name: "m", temporality: this.#temporality, sum: [{ ...shared, value: BigInt(sent.value) }] }
          : {
              name: "m",
              temporality: this.#temporality,
              histogram: [{ ...shared, count, sum: sent.value, bucketCounts: sent.buckets.map(BigInt), explicitBounds: BOUNDS }],
            },
      ],
    });
  }
}

/** A back end that adds up what it gets, series by series, and understands resets (metrics data model). */
class Reader {
  readonly totals: Totals = { value: 0, buckets: [0, 0, 0] };
  readonly identities = new Set<number>();
  overflowSeen = false;
  readonly #last = new Map<number, { start: bigint; total: Totals }>();

  read(batch: Batch | undefined): void {
    const cursor = (batch as MetricBatch | undefined)?.items();
    while (cursor?.next() === true) this.#point(cursor);
  }

  #point(point: DataPointView): void {
    const isSum = point.metric.type === "sum";
    const now: Totals = { value: Number(isSum ? point.value : point.sum), buckets: isSum ? [0, 0, 0] : point.bucketCounts };
    this.identities.add(point.seriesIdentity);
    if (point.attributes.get("otel.metric.overflow") === true) this.overflowSeen = true;
    const last = this.#last.get(point.seriesIdentity);
    if (point.metric.temporality === 1 || last === undefined || point.startTimeUnixNano !== last.start || now.value < last.total.value)
      add(this.totals, now);
    else
      add(this.totals, {
        value: now.value - last.total.value,
        buckets: now.buckets.map((count, index) => count - (last.total.buckets[index] ?? 0)),
      });
    this.#last.set(point.seriesIdentity, { start: point.startTimeUnixNano, total: now });
  }
}

function add(to: Totals, what: Totals): void {
  to.value += what.value;
  what.buckets.forEach((count, index) => (to.buckets[index] = (to.buckets[index] ?? 0) + count));
}

function setup(config: Record<string, unknown> = {}): {
  readonly context: TestContext;
  readonly process: (batch: MetricBatch) => Batch | undefined;
} {
  const context = testContext({ id: "cardinality_limit" });
  const parsed = cardinalityLimitConfig.parse({ limit: 3, soft_limit: 2, ttl: `${TTL_MS}ms`, ...config });
  const processor = createCardinalityLimit(parsed, { ...context, pipeline: "metrics" });
  return { context, process: (batch) => processor.process(batch, testDelivery(batch)) };
}

describe.each([
  ["delta", "sum", 1],
  ["cumulative", "sum", 2],
  ["delta", "histogram", 1],
  ["cumulative", "histogram", 2],
] as const)("%s %s", (_, type, temporality) => {
  it("has the same total before and after, at every step, through overflow, expiry and return", async () => {
    let overflows = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const { context, process } = setup();
        const sender = new Sender(temporality, type);
        const reader = new Reader();
        const lastSeen = new Map<number, number>();
        for (const step of sequence) {
          await context.clock.advance(step.waitMs);
          const now = context.clock.now();
          const quiet = now - (lastSeen.get(step.series) ?? now);
          lastSeen.set(step.series, now);
          fc.pre(quiet < 9 * TTL_MS);
          reader.read(process(sender.send(step, now)));
          expect(reader.totals).toEqual(sender.totals);
        }
        if (reader.overflowSeen) overflows += 1;
      }),
      { numRuns: 150 },
    );
    expect(overflows).toBeGreaterThan(20);
  });
});

describe("series that were forgotten", () => {
  it.each(["sum", "histogram"] as const)("count nothing twice (%s)", async (type) => {
    const { context, process } = setup({ limit: 1, soft_limit: 1 });
    const sender = new Sender(2, type);
    const reader = new Reader();
    const step = async (series: number, amount: number, waitMs: number): Promise<void> => {
      await context.clock.advance(waitMs);
      reader.read(process(sender.send({ series, amount, waitMs, restart: false }, context.clock.now())));
    };
    await step(0, 5, 1000);
    await step(1, 7, 1000);
    expect(reader.totals.value).toBe(12);
    // Series 0 goes on; series 1 is quiet for longer than it is remembered, and comes back with 7 + 3.
    for (let at = 0; at < 30; at += 1) await step(0, 1, TTL_MS / 2);
    const before = reader.totals.value;
    await step(1, 3, 1000);
    expect(reader.totals.value).toBe(before);
    await step(1, 4, 1000);
    expect(reader.totals.value).toBe(before + 4);
  });
});
