import { expect, it } from "vitest";
import { MetricWriter, type MetricInfo } from "./metric-writer.ts";

const load: MetricInfo = { name: "load", unit: "1", description: "How much.", kind: "gauge" };
const open: MetricInfo = { name: "open", unit: "{error}", description: "How many.", kind: "updown" };

it("writes gauges and sums that also fall, each metric once, with the start of the sums", () => {
  const writer = new MetricWriter("scope", 1000);
  writer.add(load, 7, { host: "a", code: 200, names: ["x", "y"], none: undefined }, 2000);
  writer.add(open, -3, {}, 2000);
  writer.add(load, 8.9, { host: "b" }, 3000);
  expect(writer.batch().toObject()).toEqual({
    resourceMetrics: [
      {
        resource: {},
        scopeMetrics: [
          {
            scope: { name: "scope" },
            metrics: [
              {
                name: "load",
                unit: "1",
                description: "How much.",
                gauge: {
                  dataPoints: [
                    {
                      attributes: [
                        { key: "host", value: { stringValue: "a" } },
                        { key: "code", value: { intValue: 200n } },
                        { key: "names", value: { arrayValue: { values: [{ stringValue: "x" }, { stringValue: "y" }] } } },
                      ],
                      timeUnixNano: 2_000_000_000n,
                      asInt: 7n,
                    },
                    { attributes: [{ key: "host", value: { stringValue: "b" } }], timeUnixNano: 3_000_000_000n, asInt: 8n },
                  ],
                },
              },
              {
                name: "open",
                unit: "{error}",
                description: "How many.",
                sum: {
                  aggregationTemporality: 2,
                  dataPoints: [{ startTimeUnixNano: 1_000_000_000n, timeUnixNano: 2_000_000_000n, asInt: -3n }],
                },
              },
            ],
          },
        ],
      },
    ],
  });
});

it("writes a batch without items when nothing was seen", () => {
  expect(new MetricWriter("scope", 0).batch().itemCount).toBe(0);
});
