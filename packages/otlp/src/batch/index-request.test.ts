import { describe, expect, it } from "vitest";
import { openBatch, WireError } from "../index.ts";
import type { Signal } from "../index.ts";
import { WireWriter } from "../wire/writer.ts";

/** The code, offset and path of what opening without deep validation reports. */
function fault(signal: Signal, ...bytes: number[]): [string, number, string] | undefined {
  try {
    openBatch(signal, Uint8Array.from(bytes), { validate: false });
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return [error.code, error.offset, error.path];
    throw error;
  }
}

const repeat = (byte: number, count: number): number[] => Array.from({ length: count }, () => byte);

describe("index of a request", () => {
  it("accepts an empty request, empty envelopes and unknown fields", () => {
    expect(fault("traces")).toBeUndefined();
    expect(fault("logs", 0x0a, 0x02, 0x12, 0x00)).toBeUndefined();
    expect(fault("metrics", 0x7a, 0x01, 0xff, 0x08 * 13, 0x05)).toBeUndefined();
  });

  it("reports where a frame breaks", () => {
    expect(fault("traces", 0x0a)).toEqual(["truncated", 1, ""]);
    expect(fault("traces", 0x0a, 0x05, 0x12)).toEqual(["length", 1, ""]);
    expect(fault("traces", 0x0a, 0x04, 0x12, 0x03, 0x12, 0x00)).toEqual(["length", 3, "resource_spans"]);
    expect(fault("logs", 0x0a, 0x05, 0x12, 0x03, 0x12, 0x02, 0x00)).toEqual(["length", 5, "resource_logs.scope_logs"]);
    expect(fault("metrics", 0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x2a, 0x01)).toEqual([
      "length",
      7,
      "resource_metrics.scope_metrics.metrics",
    ]);
    expect(fault("traces", 0x79, 0x00)).toEqual(["truncated", 1, ""]);
  });

  it("takes lengths at their full 64 bits", () => {
    expect(fault("traces", 0x0a, 0x80, 0x80, 0x80, 0x80, 0x10, 0x00)).toEqual(["length", 1, ""]);
    expect(fault("traces", 0x0a, ...repeat(0xff, 8), 0x7f)).toEqual(["length", 1, ""]);
    expect(fault("traces", 0x0a, ...repeat(0x80, 9), 0x01)).toEqual(["length", 1, ""]);
    expect(fault("traces", 0x0a, ...repeat(0xff, 9), 0x02)).toEqual(["varint", 1, ""]);
    expect(fault("traces", 0x0a, ...repeat(0x80, 10), 0x00)).toEqual(["varint", 1, ""]);
    expect(fault("traces", 0x0a, 0x80, 0x80, 0x80, 0x00)).toBeUndefined();
  });

  it("refuses impossible tags and wrong wire types of known fields", () => {
    expect(fault("traces", 0x02, 0x00)).toEqual(["tag", 0, ""]);
    expect(fault("traces", 0x0b, 0x0c)).toEqual(["wire_type", 0, ""]);
    expect(fault("traces", 0x7b, 0x7c)).toEqual(["wire_type", 0, ""]);
    expect(fault("traces", 0x7e, 0x00)).toEqual(["tag", 0, ""]);
    expect(fault("traces", 0x08, 0x00)).toEqual(["wire_type", 0, ""]);
    expect(fault("traces", 0x0a, 0x02, 0x10, 0x01)).toEqual(["wire_type", 2, "resource_spans"]);
    expect(fault("traces", 0x0a, 0x02, 0x18, 0x01)).toEqual(["wire_type", 2, "resource_spans"]);
    expect(fault("metrics", 0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x28, 0x01)?.[0]).toBe("wire_type");
    expect(fault("metrics", 0x0a, 0x09, 0x12, 0x07, 0x12, 0x05, 0x3a, 0x03, 0x12, 0x01, 0x01)?.[0]).toBe("wire_type");
  });
});

/** A request with one metric, whose fields `body` writes. */
function metricRequest(body: (metric: WireWriter) => void): Uint8Array {
  const writer = new WireWriter();
  writer.message(1, (resource) => resource.message(2, (scope) => scope.message(2, body)));
  return writer.finish();
}

const point = (data: WireWriter, value: number): void => data.message(1, (each) => each.doubleField(4, value));

describe("metric data", () => {
  it("merges repeated data of one type and drops data that another type replaces", () => {
    const bytes = metricRequest((metric) => {
      metric.message(5, (gauge) => point(gauge, 1));
      metric.stringField(1, "m");
      metric.message(7, (sum) => {
        point(sum, 2);
        sum.int32Field(2, 1);
      });
      metric.message(7, (sum) => {
        point(sum, 3);
        sum.int32Field(2, 2);
        sum.boolField(3, true);
      });
    });
    const batch = openBatch("metrics", bytes);
    expect(batch.itemCount).toBe(2);
    const items = batch.items();
    const read: unknown[] = [];
    while (items.next()) read.push([items.metric.name, items.metric.type, items.metric.temporality, items.metric.isMonotonic, items.value]);
    expect(read).toEqual([
      ["m", "sum", 1, false, 2],
      ["m", "sum", 2, true, 3],
    ]);
    const last = openBatch("metrics", batch.filter((item) => item.value === 3).encode());
    expect(last.itemCount).toBe(1);
  });

  it("reads packed and unpacked numbers, and both in one field", () => {
    const packed = new WireWriter();
    packed.fixed64(4);
    packed.fixed64(5);
    const bounds = new WireWriter();
    bounds.double(0.5);
    const bytes = metricRequest((metric) =>
      metric.message(9, (histogram) =>
        histogram.message(1, (each) => {
          each.fixed64Field(6, 3);
          each.bytesField(6, packed.finish());
          each.doubleField(7, 0.25);
          each.bytesField(7, bounds.finish());
        }),
      ),
    );
    const items = openBatch("metrics", bytes).items();
    items.next();
    expect(items.bucketCounts).toEqual([3, 4, 5]);
    expect(items.explicitBounds).toEqual([0.25, 0.5]);
  });

  it("takes the last of several values of a point", () => {
    const bytes = metricRequest((metric) =>
      metric.message(5, (gauge) =>
        gauge.message(1, (each) => {
          each.fixed64Field(6, 7n);
          each.doubleField(4, 1.5);
          each.fixed64Field(6, -8n);
        }),
      ),
    );
    const items = openBatch("metrics", bytes).items();
    items.next();
    expect([items.valueKind, items.value]).toEqual(["int", -8]);
  });
});
