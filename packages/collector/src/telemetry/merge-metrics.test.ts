import type { Meter } from "@opentelemetry/api";
import { MeterProvider, type ScopeMetrics } from "@opentelemetry/sdk-metrics";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { describe, expect, it } from "vitest";
import { countersOf, mergeMetrics } from "./merge-metrics.ts";
import { prometheusText } from "./prometheus-text.ts";
import { PullReader } from "./pull-reader.ts";

async function metricsOf(record: (meter: Meter) => void): Promise<readonly ScopeMetrics[]> {
  const reader = new PullReader();
  const provider = new MeterProvider({ readers: [reader] });
  record(provider.getMeter("test", "1"));
  return (await reader.collect()).resourceMetrics.scopeMetrics;
}

function page(scopes: readonly ScopeMetrics[]): string[] {
  const naming = { without_scope_info: true, without_units: true, without_type_suffix: true };
  return prometheusText({ resource: resourceFromAttributes({}), scopeMetrics: [...scopes] }, naming)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("target_info"));
}

const first = (meter: Meter): void => {
  meter.createCounter("sent").add(3, { signal: "traces" });
  meter.createUpDownCounter("open").add(2);
  meter.createGauge("queue").record(5, { b: "2", a: "1" });
  meter.createHistogram("size", { advice: { explicitBucketBoundaries: [10, 100] } }).record(7);
  meter.createObservableCounter("otelcol_process_uptime").addCallback((result) => result.observe(60));
};
const second = (meter: Meter): void => {
  meter.createCounter("sent").add(4, { signal: "traces" });
  meter.createCounter("sent").add(9, { signal: "logs" });
  meter.createUpDownCounter("open").add(1);
  meter.createGauge("queue").record(6, { a: "1", b: "2" });
  meter.createHistogram("size", { advice: { explicitBucketBoundaries: [10, 100] } }).record(70);
  meter.createObservableCounter("otelcol_process_uptime").addCallback((result) => result.observe(20));
};

describe("mergeMetrics", () => {
  it("adds series of equal attributes up, and takes the longest uptime", async () => {
    const merged = mergeMetrics([await metricsOf(first), await metricsOf(second)]);
    expect(page(merged)).toEqual([
      'sent{signal="traces"} 7',
      'sent{signal="logs"} 9',
      "open 3",
      'queue{b="2",a="1"} 11',
      'size_bucket{le="10"} 1',
      'size_bucket{le="100"} 2',
      'size_bucket{le="+Inf"} 2',
      "size_sum 77",
      "size_count 2",
      "otelcol_process_uptime 60",
    ]);
  });
});

describe("countersOf", () => {
  it("leaves out what a process that is gone does not have any more", async () => {
    expect(page(countersOf(await metricsOf(first)))).toEqual([
      'sent{signal="traces"} 3',
      'size_bucket{le="10"} 1',
      'size_bucket{le="100"} 1',
      'size_bucket{le="+Inf"} 1',
      "size_sum 7",
      "size_count 1",
      "otelcol_process_uptime 60",
    ]);
  });
});
