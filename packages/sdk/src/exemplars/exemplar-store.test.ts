import { ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { instrumentExemplars, offer, take } from "./exemplar-store.ts";
import type { ExemplarStore } from "./exemplar-store.ts";

function inSpan(traceFlags: number): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags });
}

const sampled = inSpan(TraceFlags.SAMPLED);

describe("the exemplar store", () => {
  it("keeps the last measurement of each bucket and gives each once", () => {
    const store: ExemplarStore = new Map();
    const instrument = instrumentExemplars(store, "i", [10, 100]);
    for (const value of [10, 7, 11, 5000]) offer(instrument, value, { a: 1 }, sampled, 1);
    expect(take(store, "i", { a: 1 }, 1).map(({ value }) => value)).toEqual([7, 11, 5000]);
    expect(take(store, "i", { a: 1 }, 1)).toEqual([]);
  });

  it("leaves measurements made after a collection to the next one", () => {
    const store: ExemplarStore = new Map();
    const instrument = instrumentExemplars(store, "i", [10]);
    offer(instrument, 1, {}, sampled, 100);
    offer(instrument, 11, {}, sampled, 200);
    expect(take(store, "i", {}, 150).map(({ value }) => value)).toEqual([1]);
    expect(take(store, "i", {}, 250).map(({ value }) => value)).toEqual([11]);
  });

  it("ignores spans that nobody will find", () => {
    const store: ExemplarStore = new Map();
    offer(instrumentExemplars(store, "i", []), 1, {}, inSpan(TraceFlags.NONE), 1);
    offer(instrumentExemplars(store, "i", []), 1, {}, ROOT_CONTEXT, 1);
    expect(take(store, "i", {}, 1)).toEqual([]);
  });

  it("holds no more series than the SDK does", () => {
    const store: ExemplarStore = new Map();
    const instrument = instrumentExemplars(store, "i", []);
    for (let series = 0; series < 3000; series += 1) offer(instrument, 1, { series }, sampled, 1);
    expect(instrument.series.size).toBe(2000);
  });
});
