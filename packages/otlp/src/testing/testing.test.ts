import { describe, expect, it } from "vitest";
import { double } from "../index.ts";
import { logs, metrics, traces } from "./index.ts";

describe("builders", () => {
  it("make spans with distinct ids, times and a resource", () => {
    const batch = traces({
      resource: { "service.name": "shop" },
      spans: [{}, { name: "pay", kind: 2, durationMs: 1.5, attributes: { n: 1, x: 0.5 } }],
    });
    expect(batch.itemCount).toBe(2);
    expect(batch.toObject()).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
          scopeSpans: [
            {
              scope: { name: "test" },
              spans: [
                {
                  traceId: "00000000000000000000000000000001",
                  spanId: "0000000000000001",
                  name: "span-0",
                  kind: 1,
                  startTimeUnixNano: 1_767_225_600_000_000_000n,
                  endTimeUnixNano: 1_767_225_600_010_000_000n,
                },
                {
                  traceId: "00000000000000000000000000000002",
                  spanId: "0000000000000002",
                  name: "pay",
                  kind: 2,
                  startTimeUnixNano: 1_767_225_600_001_000_000n,
                  endTimeUnixNano: 1_767_225_600_002_500_000n,
                  attributes: [
                    { key: "n", value: { intValue: 1n } },
                    { key: "x", value: { doubleValue: 0.5 } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it("make log records", () => {
    const data = logs({ records: [{}, { body: { a: [1, null] }, attributes: { ratio: double(1) }, severityNumber: 17 }] }).toObject();
    expect(data.resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords).toEqual([
      {
        timeUnixNano: 1_767_225_600_000_000_000n,
        observedTimeUnixNano: 1_767_225_600_000_000_000n,
        severityNumber: 9,
        severityText: "INFO",
        body: { stringValue: "record-0" },
      },
      {
        timeUnixNano: 1_767_225_600_001_000_000n,
        observedTimeUnixNano: 1_767_225_600_001_000_000n,
        severityNumber: 17,
        severityText: "INFO",
        body: { kvlistValue: { values: [{ key: "a", value: { arrayValue: { values: [{ intValue: 1n }, {}] } } }] } },
        attributes: [{ key: "ratio", value: { doubleValue: 1 } }],
      },
    ]);
  });

  it("make metrics of every kind", () => {
    const batch = metrics({
      metrics: [
        { name: "queue", gauge: [{ value: 3.5 }] },
        { name: "requests", unit: "1", sum: [{ value: 2n, attributes: { room: "a" } }, { value: 4n }] },
        { name: "latency", unit: "ms", temporality: 1, histogram: [{ count: 2n, sum: 7, bucketCounts: [1n, 1n], explicitBounds: [5] }] },
        { name: "gc", data: { summary: { dataPoints: [{ count: 1n }] } } },
      ],
    });
    expect(batch.itemCount).toBe(5);
    const points = batch.items();
    const seen: unknown[] = [];
    while (points.next())
      seen.push([points.metric.name, points.metric.type, points.metric.temporality, points.metric.isMonotonic, points.value]);
    expect(seen).toEqual([
      ["queue", "gauge", 0, false, 3.5],
      ["requests", "sum", 2, true, 2],
      ["requests", "sum", 2, true, 4],
      ["latency", "histogram", 1, false, undefined],
      ["gc", "summary", 0, false, undefined],
    ]);
  });
});
