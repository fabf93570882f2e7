import { createNoopMeter, type BatchObservableCallback, type Counter, type Meter, type Observable } from "@opentelemetry/api";
import { testContext, testDelivery } from "@tidemark/core/testing";
import { metrics } from "@tidemark/otlp/testing";
import { expect, it } from "vitest";
import { createCardinalityLimit } from "./cardinality-limit.ts";
import { cardinalityLimitConfig } from "./config.ts";

it("reports the worst metric names only, and stops with the processor", () => {
  const names = new Map<Observable, string>();
  const callbacks = new Set<BatchObservableCallback>();
  const counted: unknown[] = [];
  const meter = Object.assign(Object.create(createNoopMeter()) as Meter, {
    createCounter: (name: string): Counter => ({ add: (value) => void counted.push([name, value]) }),
    createObservableGauge: (name: string) => {
      const gauge = createNoopMeter().createObservableGauge(name);
      const own = Object.create(gauge) as typeof gauge;
      names.set(own, name.replace("tidemark_processor_cardinality_limit_", ""));
      return own;
    },
    addBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.add(callback),
    removeBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.delete(callback),
  });
  const config = cardinalityLimitConfig.parse({ limit: 1, soft_limit: 1, top_offenders: 2 });
  const processor = createCardinalityLimit(config, { ...testContext({ id: "cardinality_limit" }), meter, pipeline: "metrics" });
  const send = (name: string, series: number): void => {
    const batch = metrics({
      metrics: [{ name, temporality: 1, sum: Array.from({ length: series }, (_, id) => ({ value: 1, attributes: { id } })) }],
    });
    processor.process(batch, testDelivery(batch));
  };
  send("calm", 1);
  send("wild", 6);
  send("wilder", 9);
  expect(counted).toEqual([
    ["tidemark_processor_cardinality_limit_overflowed_points", 5],
    ["tidemark_processor_cardinality_limit_overflowed_points", 8],
  ]);
  const observed: unknown[] = [];
  for (const callback of callbacks)
    void callback({ observe: (gauge, value, labels) => void observed.push([names.get(gauge), value, labels?.["metric"]]) });
  expect(observed).toEqual([
    ["metrics", 3, undefined],
    ["series", 1, "wilder"],
    ["limited_points", 8, "wilder"],
    ["series", 1, "wild"],
    ["limited_points", 5, "wild"],
  ]);
  void processor.shutdown?.(AbortSignal.timeout(1000));
  expect(callbacks.size).toBe(0);
});
