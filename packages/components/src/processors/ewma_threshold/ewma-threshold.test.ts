import { decodeAlert, evidenceIndexKey, traceContextsKey, traceKeyOfHex } from "@tidemark/alerting";
import type { Alert } from "@tidemark/alerting";
import { PipelineError } from "@tidemark/core";
import { settlePromises, testContext } from "@tidemark/core/testing";
import type { TestContext } from "@tidemark/core/testing";
import type { Signal } from "@tidemark/otlp";
import { metrics, traces } from "@tidemark/otlp/testing";
import type { MetricInput } from "@tidemark/otlp/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EwmaThreshold } from "./ewma-threshold.ts";
import { ewmaThresholdConfig } from "./config.ts";

const SECOND = 1_000_000_000n;
const START = 1_760_000_000n * SECOND;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const RESOURCE = { "service.name": "chat", "service.instance.id": "i-1", "host.name": "h" };

interface Rig {
  readonly context: TestContext;
  readonly processor: EwmaThreshold;
  /** Sends one gauge point of value `value` at second `at`. */
  gauge(
    value: number,
    at: number,
    more?: { attributes?: Record<string, string>; exemplars?: object[]; flags?: number; name?: string; resource?: Record<string, string> },
  ): void;
  metric(at: number, metric: Omit<MetricInput, "name">): void;
  alerts(): Promise<Alert[]>;
}

function rig(yaml: Record<string, unknown> = {}, options: { signal?: Signal; context?: TestContext } = {}): Rig {
  const context = options.context ?? testContext({ id: "ewma_threshold/latency" });
  const own = { ...context, signal: options.signal ?? "metrics", pipeline: options.signal ?? "metrics" };
  const processor = new EwmaThreshold(ewmaThresholdConfig.parse({ name: "latency", min_samples: 3, ...yaml }), own);
  processor.start();
  const send = (batch: ReturnType<typeof metrics>): void => expect(processor.process(batch), "passes on the same object").toBe(batch);
  return {
    context,
    processor,
    gauge(value, at, { name = "chat.latency", resource = RESOURCE, ...more } = {}) {
      send(
        metrics({
          resource,
          metrics: [{ name, unit: "ms", gauge: [{ value, timeUnixNano: START + BigInt(at) * SECOND, ...more }] }],
        }),
      );
    },
    metric(at, metric) {
      const time = (point: object): object => ({ timeUnixNano: START + BigInt(at) * SECOND, startTimeUnixNano: START, ...point });
      const stamped = Object.fromEntries(
        Object.entries(metric).map(([key, value]) => [key, Array.isArray(value) ? value.map((point: object) => time(point)) : value]),
      );
      send(metrics({ resource: RESOURCE, metrics: [{ name: "chat.metric", unit: "ms", ...stamped }] }));
    },
    async alerts() {
      await settlePromises();
      const found: Alert[] = [];
      for (const batch of context.offered) {
        const records = batch.items();
        while (records.next()) {
          const alert = decodeAlert(records);
          if (alert !== undefined) found.push(alert);
        }
      }
      return found;
    },
  };
}

const exemplar = (value: number, traceId: string, more: Record<string, string> = {}) => ({
  asDouble: value,
  traceId,
  spanId: SPAN,
  timeUnixNano: START,
  filteredAttributes: Object.entries(more).map(([key, text]) => ({ key, value: { stringValue: text } })),
});

describe("ewma_threshold on metrics", () => {
  it("fires once with everything that a reader needs, and resolves once", async () => {
    const { gauge, alerts } = rig();
    for (let i = 0; i < 5; i++) gauge(100, i, { attributes: { "chat.type": "group" } });
    const exemplars = [exemplar(120, "a".repeat(32)), exemplar(400, TRACE, { room_id: "room-42", user_agent: "ChatApp/5.1" })];
    gauge(400, 5, { attributes: { "chat.type": "group" }, exemplars });
    gauge(500, 6, { attributes: { "chat.type": "group" } });
    gauge(100, 7, { attributes: { "chat.type": "group" } });
    gauge(100, 8, { attributes: { "chat.type": "group" } });
    const [fired, resolved, ...more] = await alerts();
    expect(more).toEqual([]);
    expect(fired).toMatchObject({
      name: "latency",
      status: "firing",
      severity: "warning",
      metric: "chat.latency",
      unit: "ms",
      value: 400,
      threshold: 150,
      operator: ">",
      startsAt: START + 5n * SECOND,
      labels: { "service.name": "chat", "service.instance.id": "i-1", "chat.type": "group", metric: "chat.latency" },
      resource: RESOURCE,
      source: "ewma_threshold/latency",
      summary: "chat.latency of chat is 400 ms, above the threshold of 150 ms (baseline 100 ms)",
      evidence: { traceId: TRACE, spanId: SPAN, roomId: "room-42", userAgent: "ChatApp/5.1" },
    });
    expect(resolved).toMatchObject({
      status: "resolved",
      value: 100,
      endsAt: START + 7n * SECOND,
      fingerprint: fired?.fingerprint,
      evidence: fired?.evidence,
    });
  });

  it("takes what an exemplar does not say from what the trace's spans said", async () => {
    const { gauge, alerts, context } = rig();
    context.shared(traceContextsKey).learn(traceKeyOfHex(TRACE), { room_id: "room-9", user_agent: "ua", tenant_id: "t" });
    for (let i = 0; i < 3; i++) gauge(100, i);
    gauge(400, 3, { exemplars: [exemplar(400, TRACE)] });
    expect((await alerts())[0]?.evidence).toMatchObject({ traceId: TRACE, roomId: "room-9", userAgent: "ua", baggage: { tenant_id: "t" } });
  });

  it("without exemplars asks the evidence index, and fills in the room that was learnt later", async () => {
    const { gauge, alerts, context } = rig();
    const index = context.shared(evidenceIndexKey);
    const bucket = index.bucket("chat", "chat", () => ({}));
    index.observe(bucket, 900, false, (deviant) => ({
      traceId: TRACE,
      spanId: SPAN,
      roomId: "",
      userAgent: "ua",
      baggage: {},
      value: 900,
      at: 1,
      deviant,
    }));
    context.shared(traceContextsKey).learn(traceKeyOfHex(TRACE), { room_id: "late" });
    for (let i = 0; i < 3; i++) gauge(100, i);
    gauge(400, 3);
    const [alert] = await alerts();
    expect(alert?.evidence).toMatchObject({ traceId: TRACE, roomId: "late", userAgent: "ua" });
    expect(alert?.evidence.samples[0]).toMatchObject({ value: 900, roomId: "late" });
  });

  it("looks for the cause in the time that the sample covers, before it looks further back", async () => {
    const { gauge, alerts, context } = rig({ evidence: { window: "5m" } });
    const index = context.shared(evidenceIndexKey);
    const keep = (value: number, traceId: string): void =>
      index.observe(
        index.bucket("chat", "chat", () => ({})),
        value,
        false,
        (deviant) => ({ traceId, spanId: SPAN, roomId: "r", userAgent: "ua", baggage: {}, value, at: 1, deviant }),
      );
    for (let i = 0; i < 3; i++) gauge(100, i * 30);
    keep(100, "a".repeat(32));
    keep(9000, "b".repeat(32));
    await context.clock.advance(90_000);
    keep(700, TRACE);
    gauge(400, 90);
    expect((await alerts())[0]?.evidence.traceId).toBe(TRACE);
  });

  it("keeps series apart, and fires without evidence when there is none", async () => {
    const { gauge, alerts } = rig();
    for (let i = 0; i < 4; i++) {
      gauge(100, i, { attributes: { room: "a" } });
      gauge(1000, i, { attributes: { room: "b" } });
    }
    gauge(400, 5, { attributes: { room: "a" } });
    const found = await alerts();
    expect(found.map(({ labels }) => labels["room"])).toEqual(["a"]);
    expect(found[0]?.evidence).toMatchObject({ traceId: "", samples: [] });
  });

  it("watches only what matches", async () => {
    const { gauge, alerts } = rig({
      match: { metrics: ["chat.*"], attributes: { type: "group" }, resource_attributes: { "service.name": "ch?t" } },
    });
    const cases = [{ name: "http.latency" }, { attributes: { type: "single" } }, { resource: { "service.name": "other" } }, {}];
    for (const more of cases) {
      const given = { attributes: { type: "group" }, ...more };
      for (let i = 0; i < 4; i++) gauge(100, i, given);
      gauge(900, 5, given);
    }
    expect(await alerts()).toHaveLength(1);
  });

  it("tells a lasting alert again after the cool-down, with the evidence of its start", async () => {
    const { gauge, alerts, context } = rig();
    for (let i = 0; i < 3; i++) gauge(100, i);
    for (let i = 3; i < 70; i++) {
      gauge(400 + i, i, { exemplars: [exemplar(1, i.toString(16).padStart(32, "0"))] });
      await context.clock.advance(10_000);
    }
    const found = await alerts();
    expect(found.map(({ value }) => value)).toEqual([403, 433, 463]);
    expect(new Set(found.map(({ evidence }) => evidence.traceId)).size).toBe(1);
    expect(new Set(found.map(({ startsAt }) => startsAt)).size).toBe(1);
  });

  it("resolves an alert whose series fell silent, and one whose series says that it ends", async () => {
    const { gauge, alerts, context } = rig({ stale_after: "1m" });
    for (let i = 0; i < 3; i++) for (const room of ["a", "b"]) gauge(100, i, { attributes: { room } });
    for (const room of ["a", "b"]) gauge(400, 3, { attributes: { room } });
    gauge(0, 4, { attributes: { room: "b" }, flags: 1 });
    expect((await alerts()).map(({ status, labels }) => `${status} ${labels["room"]}`)).toEqual(["firing a", "firing b", "resolved b"]);
    await context.clock.advance(59_999);
    expect(await alerts()).toHaveLength(3);
    await context.clock.advance(1);
    expect((await alerts()).at(-1)).toMatchObject({ status: "resolved", labels: { room: "a" } });
    await context.clock.advance(3_600_000);
    expect(await alerts()).toHaveLength(4);
    expect(context.clock.pending).toBe(0);
  });

  it("forgets the series that was silent longest, and ends its alert", async () => {
    const { gauge, alerts } = rig({ max_series: 2 });
    for (let i = 0; i < 3; i++) gauge(100, i, { attributes: { n: "0" } });
    gauge(400, 3, { attributes: { n: "0" } });
    gauge(1, 0, { attributes: { n: "1" } });
    gauge(1, 0, { attributes: { n: "2" } });
    expect((await alerts()).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  });

  it("learns nothing from NaN, infinity, old points and points without a value", async () => {
    const { gauge, alerts } = rig();
    for (let i = 0; i < 3; i++) gauge(100, i);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) gauge(bad, 3);
    gauge(900, 2);
    gauge(900, 4, { flags: 1 });
    expect(await alerts()).toEqual([]);
    gauge(151, 5);
    expect(await alerts()).toHaveLength(1);
  });

  it("keeps baselines and firing alerts over a reload", async () => {
    const first = rig();
    for (let i = 0; i < 3; i++) first.gauge(100, i);
    first.gauge(400, 3);
    await first.processor.shutdown(AbortSignal.timeout(1000));
    const second = rig({}, { context: first.context });
    second.gauge(410, 4);
    second.gauge(100, 5);
    expect((await second.alerts()).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  });
});

describe("ewma_threshold after a reload that watches something else", () => {
  it("starts afresh and ends the alerts of what it no longer watches", async () => {
    const first = rig({ match: { metrics: ["chat.*"] } });
    for (let i = 0; i < 3; i++) first.gauge(100, i);
    first.gauge(400, 3);
    await first.processor.shutdown(AbortSignal.timeout(1000));
    const second = rig({ match: { metrics: ["other"] } }, { context: first.context });
    second.gauge(400, 4);
    expect((await second.alerts()).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  });
});

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

describe("ewma_threshold on traces", () => {
  it("watches the duration of spans by service and name; the span itself is the evidence", async () => {
    const { processor, alerts } = rig({ match: { spans: ["send*"] } }, { signal: "traces" });
    const span = (durationMs: number, name = "send message") =>
      processor.process(
        traces({
          resource: { "service.name": "chat" },
          spans: [
            {
              name,
              durationMs,
              traceId: TRACE,
              spanId: SPAN,
              attributes: { room_id: "room-42", user_agent: "ChatApp/5.1" },
              startTimeUnixNano: START,
            },
          ],
        }),
      );
    for (let i = 0; i < 4; i++) span(100);
    for (let i = 0; i < 4; i++) span(10, "other");
    span(900, "other");
    span(450);
    const found = await alerts();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      metric: "span.duration",
      unit: "ms",
      value: 450,
      labels: { "service.name": "chat", "span.name": "send message" },
      evidence: { traceId: TRACE, spanId: SPAN, roomId: "room-42", userAgent: "ChatApp/5.1", samples: [{ value: 450, deviant: true }] },
    });
  });
});

describe("the outbox", () => {
  it("offers refused alerts again, in order, until they are taken", async () => {
    const { gauge, alerts, context } = rig();
    context.alertOutcome = { kind: "refused", error: PipelineError.unavailable("full", 5000) };
    for (let i = 0; i < 3; i++) gauge(100, i);
    gauge(400, 3);
    gauge(100, 4);
    await context.clock.advance(4999);
    expect(context.offered).toHaveLength(1);
    context.alertOutcome = { kind: "delivered" };
    await context.clock.advance(1);
    expect((await alerts()).slice(1).map(({ status }) => status)).toEqual(["firing", "resolved"]);
    await context.clock.advance(3_600_000);
    expect(context.offered).toHaveLength(2);
    expect(context.lines).toEqual([]);
  });

  it("says how many alerts are lost when they are refused for good, or until shutdown", async () => {
    const failing = rig();
    failing.context.alertOutcome = { kind: "failed", error: PipelineError.invalid("nobody wants it"), items: 1 };
    for (let i = 0; i < 3; i++) failing.gauge(100, i);
    failing.gauge(400, 3);
    await settlePromises();
    expect(failing.context.lines).toMatchObject([{ level: "error", message: "1 alert is lost: nobody wants it", fields: { alerts: 1 } }]);

    const refused = rig();
    refused.context.alertOutcome = { kind: "refused", error: PipelineError.unavailable("full") };
    for (let i = 0; i < 3; i++) refused.gauge(100, i);
    refused.gauge(400, 3);
    await settlePromises();
    await refused.processor.shutdown(AbortSignal.abort());
    expect(refused.context.lines).toMatchObject([{ level: "error", fields: { alerts: 1 } }]);
    expect(refused.context.clock.pending).toBe(0);
  });
});

describe("the configuration", () => {
  it.each([
    [{ sigma: 3, multiplier: 2 }, "sigma", "exclude each other"],
    [{ severity: "loud" }, "severity", '"loud" is not known'],
    [{ half_life: "0s" }, "half_life", "longer than 0s"],
  ])("rejects %j", (yaml, path, message) => {
    const { error } = ewmaThresholdConfig.safeParse(yaml);
    expect(error?.issues[0]?.path).toEqual([path]);
    expect(error?.issues[0]?.message).toContain(message);
  });
});
