import { encodeAlerts, NO_EVIDENCE, type Alert } from "@tidemark/alerting";
import { testContext, type TestContext } from "@tidemark/core/testing";
import { batchFromObject, mergeBatches, type Batch, type LogBatch, type MetricBatch, type TraceBatch } from "@tidemark/otlp";
import { logs, traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { debugConfig } from "./config.ts";
import { createDebugExporter } from "./debug.ts";

const START = 1_581_452_772_000_000_321n;
const END = 1_581_452_773_000_000_789n;
const resource = { attributes: [{ key: "service.name", value: { stringValue: "chat" } }] };
const scope = { name: "chat.io", version: "1.2", attributes: [{ key: "beta", value: { boolValue: true } }] };

const spans: TraceBatch = batchFromObject("traces", {
  resourceSpans: [
    {
      resource,
      schemaUrl: "https://opentelemetry.io/schemas/1.40.0",
      scopeSpans: [
        {
          scope,
          spans: [
            {
              traceId: "0af7651916cd43dd8448eb211c80319c",
              spanId: "b7ad6b7169203331",
              parentSpanId: "00f067aa0ba902b7",
              name: "send",
              kind: 2,
              traceState: "ot=th:8",
              startTimeUnixNano: START,
              endTimeUnixNano: END,
              attributes: [
                { key: "room_id", value: { stringValue: "room-42" } },
                { key: "bytes", value: { intValue: 9_007_199_254_740_993n } },
                { key: "tags", value: { arrayValue: { values: [{ stringValue: "a" }, { doubleValue: 0.5 }] } } },
                { key: "peer", value: { kvlistValue: { values: [{ key: "port", value: { intValue: 443n } }] } } },
                { key: "raw", value: { bytesValue: new Uint8Array([1, 2, 3]) } },
                { key: "none", value: {} },
              ],
              droppedAttributesCount: 1,
              events: [{ name: "retry", timeUnixNano: START, attributes: [{ key: "n", value: { intValue: 2n } }] }],
              droppedEventsCount: 2,
              links: [
                {
                  traceId: "11111111111111111111111111111111",
                  spanId: "2222222222222222",
                  traceState: "a=b",
                  attributes: [{ key: "k", value: { stringValue: "v" } }],
                },
              ],
              status: { code: 2, message: "timed out" },
            },
            { name: "empty" },
          ],
        },
      ],
    },
  ],
});

const exemplars = [
  {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    timeUnixNano: END,
    asDouble: 15,
    filteredAttributes: [{ key: "k", value: { stringValue: "v" } }],
  },
];
const times = { startTimeUnixNano: START, timeUnixNano: END };
const label = [{ key: "chat.type", value: { stringValue: "group" } }];

const points: MetricBatch = batchFromObject("metrics", {
  resourceMetrics: [
    {
      resource,
      scopeMetrics: [
        {
          scope,
          metrics: [
            {
              name: "rooms",
              unit: "1",
              description: "open rooms",
              gauge: {
                dataPoints: [
                  { ...times, attributes: label, asInt: 123n },
                  { ...times, asDouble: 1.25 },
                ],
              },
            },
            {
              name: "sent",
              sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ ...times, attributes: label, asInt: 9n }] },
            },
            {
              name: "latency",
              unit: "ms",
              histogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  {
                    ...times,
                    attributes: label,
                    count: 3n,
                    sum: 21.5,
                    min: 0.5,
                    max: 15,
                    bucketCounts: [1n, 2n],
                    explicitBounds: [1],
                    exemplars,
                  },
                ],
              },
            },
            {
              name: "size",
              exponentialHistogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  {
                    ...times,
                    count: 5n,
                    sum: 0.15,
                    scale: 1,
                    zeroCount: 1n,
                    positive: { offset: 1, bucketCounts: [1n, 1n] },
                    negative: { offset: -1, bucketCounts: [1n, 1n] },
                  },
                ],
              },
            },
            { name: "rpc", summary: { dataPoints: [{ ...times, count: 1n, sum: 15, quantileValues: [{ quantile: 0.99, value: 15 }] }] } },
          ],
        },
      ],
    },
  ],
});

const records: LogBatch = batchFromObject("logs", {
  resourceLogs: [
    {
      resource,
      scopeLogs: [
        {
          scope,
          logRecords: [
            {
              timeUnixNano: END,
              severityNumber: 9,
              severityText: "Info",
              body: { stringValue: "room opened" },
              eventName: "room.opened",
              attributes: [{ key: "room_id", value: { stringValue: "room-42" } }],
              traceId: "0af7651916cd43dd8448eb211c80319c",
              spanId: "b7ad6b7169203331",
              flags: 1,
            },
            { severityNumber: 18 },
          ],
        },
      ],
    },
  ],
});

const alert: Alert = {
  name: "delivery latency",
  status: "firing",
  severity: "critical",
  severityText: "P0",
  fingerprint: "9f1c0e6a7d2b4c58",
  summary: "chat.delivery.latency of chat is 812.4 ms, above 152.25 ms",
  metric: "chat.delivery.latency",
  unit: "ms",
  value: 812.4,
  threshold: 152.25,
  operator: ">",
  startsAt: 1_760_000_000_000_000_000n,
  endsAt: undefined,
  labels: {},
  annotations: {},
  resource: { "service.name": "chat" },
  source: "ewma_threshold",
  evidence: {
    ...NO_EVIDENCE,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    roomId: "room-42",
    userAgent: "ChatApp/5.1\u001b[31m\nFAKE",
  },
};

async function show(
  batch: Batch,
  config: Record<string, unknown>,
  context: TestContext = testContext({ id: "debug", kind: "exporter" }),
): Promise<string> {
  let text = "";
  const exporter = createDebugExporter(debugConfig.parse({ use_internal_logger: false, ...config }), context, (more) => (text += more));
  await exporter.send(batch, { signal: AbortSignal.timeout(1000), rejected: () => undefined });
  return text;
}

describe.each(["basic", "normal", "detailed"])("verbosity %s", (verbosity) => {
  it.each([
    ["traces", spans],
    ["metrics", points],
    ["logs", records],
  ] as const)("shows %s", async (signal, batch) => {
    await expect(await show(batch, { verbosity })).toMatchFileSnapshot(`testdata/${signal}-${verbosity}.txt`);
  });
});

describe("alerts", () => {
  const batch = encodeAlerts([alert], 1_760_000_000_000);

  it("are one readable line in normal verbosity, and cannot break out of it", async () => {
    const text = await show(batch, { verbosity: "normal" });
    await expect(text).toMatchFileSnapshot("testdata/alert-normal.txt");
    expect(text.split("\n")).toHaveLength(2);
    expect(text).not.toContain("\u001b");
    for (const part of [
      "FIRING",
      "P0",
      "delivery latency",
      "812.4",
      "152.25",
      "trace_id=0af7651916cd43dd8448eb211c80319c",
      "room_id=room-42",
      "user_agent=ChatApp/5.1",
    ])
      expect(text).toContain(part);
  });

  it("are never sampled away, and leave ordinary records to the usual lines", async () => {
    const mixed = mergeBatches([batch, logs({ records: [{ body: "hello" }] })]);
    const text = await show(mixed, { verbosity: "normal", sampling_initial: 0, sampling_thereafter: 0 });
    expect(text).toContain("FIRING");
    expect(text).not.toContain("hello");
  });
});

describe("text from users", () => {
  it("reaches the terminal without control characters", async () => {
    const text = await show(logs({ records: [{ body: "red \u001b[31m\u009b2J", attributes: { agent: "a\u0007" } }] }), {
      verbosity: "normal",
    });
    expect(text).toContain("red \\u001b[31m\\u009b2J agent=a\\u0007");
  });
});

describe("lines", () => {
  it.each(["normal", "detailed"])("are the exporter's own, not what senders break theirs into (%s)", async (verbosity) => {
    const text = await show(logs({ records: [{ body: "a\n2026-01-01 error fake\u2028b", attributes: { "k\r\n": "v" } }] }), { verbosity });
    expect(text).toContain("a\\n2026-01-01 error fake\\u2028b");
    expect(text).toContain("k\\u000d\\n");
  });
});

describe("sampling", () => {
  it("shows the first of each second, then every n-th", async () => {
    const context = testContext({ id: "debug", kind: "exporter" });
    let shown = 0;
    const exporter = createDebugExporter(
      debugConfig.parse({ use_internal_logger: false, sampling_initial: 2, sampling_thereafter: 3 }),
      context,
      () => (shown += 1),
    );
    const seen: number[] = [];
    const send = async (): Promise<void> => {
      const before = shown;
      await exporter.send(spans, { signal: AbortSignal.timeout(1000), rejected: () => undefined });
      seen.push(shown - before);
    };
    for (let at = 0; at < 9; at += 1) await send();
    await context.clock.advance(1000);
    await send();
    expect(seen).toEqual([1, 1, 0, 0, 1, 0, 0, 1, 0, 1]);
  });
});

describe("the internal logger", () => {
  it("gets counts as fields and the text as a second line", async () => {
    const context = testContext({ id: "debug", kind: "exporter" });
    await show(traces({ spans: [{ name: "a" }] }), { use_internal_logger: true, verbosity: "normal" }, context);
    expect(context.lines[0]).toEqual({ level: "info", message: "Traces", fields: { "resource spans": 1, spans: 1 } });
    expect(context.lines[1]?.message.split("\n")[0]).toBe("ResourceSpans #0 service.name=test");
  });
});
