import { metrics, traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { seriesPartition } from "./series-partition.ts";

const partition = seriesPartition({ labels: ["service.name"] });

function hashOfPoint(resource: Record<string, string>, name: string, attributes: Record<string, string>): number | undefined {
  const points = metrics({ resource, metrics: [{ name, gauge: [{ value: 1, attributes }] }] }).items();
  points.next();
  return partition.metrics?.()(points);
}

describe("seriesPartition", () => {
  it("keeps points together whose alerts would be the same, and tells all others apart", () => {
    const base = hashOfPoint({ "service.name": "chat", "host.name": "a" }, "latency", { type: "x" });
    expect(hashOfPoint({ "service.name": "chat", "host.name": "b" }, "latency", { type: "x" })).toBe(base);
    const others = [
      hashOfPoint({ "service.name": "mail", "host.name": "a" }, "latency", { type: "x" }),
      hashOfPoint({ "service.name": "chat", "host.name": "a" }, "errors", { type: "x" }),
      hashOfPoint({ "service.name": "chat", "host.name": "a" }, "latency", { type: "y" }),
    ];
    expect(new Set([base, ...others]).size).toBe(4);
  });

  it("notices where the metric or the service of a batch changes", () => {
    const gauge = [{ value: 1 }];
    const points = metrics({ resource: {}, metrics: ["a", "b", "a"].map((name) => ({ name, gauge })) }).items();
    const hash = partition.metrics?.();
    const hashes: unknown[] = [];
    while (points.next()) hashes.push(hash?.(points));
    expect(hashes[2]).toBe(hashes[0]);
    expect(hashes[1]).not.toBe(hashes[0]);
  });

  it("keeps spans of one service and name together", () => {
    const spans = traces({ resource: { "service.name": "chat" }, spans: [{ name: "send" }, { name: "read" }, { name: "send" }] }).items();
    const hash = partition.traces?.();
    const hashes: unknown[] = [];
    while (spans.next()) hashes.push(hash?.(spans));
    expect(hashes[2]).toBe(hashes[0]);
    expect(hashes[1]).not.toBe(hashes[0]);
  });
});
