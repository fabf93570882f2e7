import { createNoopMeter, type Attributes, type BatchObservableCallback, type Meter, type Observable } from "@opentelemetry/api";
import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { fakeSink, fakeSource } from "../testing/fake-components.ts";
import { MemoryStorage } from "../testing/memory-storage.ts";
import { testDelivery, testEnvironment } from "../testing/test-context.ts";
import { settlePromises, VirtualClock } from "../testing/virtual-clock.ts";
import { defineExtension, defineProcessor } from "../contract/define.ts";
import { buildGraph } from "./graph.ts";
import { z } from "zod";

interface Page {
  readonly meter: Meter;
  /** Values by name and attributes, such as `tidemark_held_items{exporter=sink}`. */
  read(): Promise<ReadonlyMap<string, number>>;
}

/** A meter that gives what its callbacks observe. */
function page(): Page {
  const names = new Map<Observable, string>();
  let callback: BatchObservableCallback = () => undefined;
  const make = (name: string): Observable => {
    const instrument: Observable = { addCallback: () => undefined, removeCallback: () => undefined };
    names.set(instrument, name);
    return instrument;
  };
  const meter: Meter = {
    ...createNoopMeter(),
    createObservableGauge: make,
    createObservableCounter: make,
    addBatchObservableCallback: (added) => {
      callback = added;
    },
    removeBatchObservableCallback: () => undefined,
  } as Meter;
  return {
    meter,
    async read() {
      const values = new Map<string, number>();
      const observe = (instrument: Observable, value: number, attributes: Attributes = {}): void => {
        const labels = Object.entries(attributes).map(([key, label]) => `${key}=${String(label)}`);
        values.set(`${names.get(instrument)}{${labels.join(",")}}`, value);
      };
      await callback({ observe });
      return values;
    },
  };
}

const SIGNALS = ["traces", "metrics", "logs"] as const;
const base = { stability: "development", summary: "A test.", config: z.looseObject({}), example: "{}" } as const;

describe("the books as metrics", () => {
  it("show what is stored and dead-lettered, and where items are missing", async () => {
    const clock = new VirtualClock();
    const storage = new MemoryStorage({ clock });
    const disk = defineExtension({ ...base, type: "disk", provides: ["storage"], create: () => ({ storage }) });
    const leaky = defineProcessor({
      ...base,
      type: "leaky",
      signals: SIGNALS,
      create: () => ({ process: (batch: Batch) => (batch.signal === "traces" ? batch.filter((item) => item.index > 0) : batch) }),
    });
    const source = fakeSource();
    const sink = fakeSink(() => new Promise(() => undefined));
    const { meter, read } = page();
    const config = { sending_queue: queueField.parse({ storage: "disk", num_consumers: 1 }), retry_on_failure: retryField.parse({}) };
    const graph = buildGraph(
      {
        receivers: [{ id: "source", definition: source.definition, config: {} }],
        processors: [{ id: "leaky", definition: leaky, config: {} }],
        connectors: [],
        extensions: [{ id: "disk", definition: disk, config: {} }],
        exporters: [{ id: "sink", definition: sink.definition, config }],
        pipelines: [{ id: "traces", signal: "traces", receivers: ["source"], processors: ["leaky"], exporters: ["sink"] }],
      },
      { ...testEnvironment({ clock }), meter },
    );
    await graph.start();
    expect((await read()).get("tidemark_ledger_violations{}")).toBe(0);
    source.push(testDelivery(traces({ spans: [{ name: "a" }, { name: "b" }, { name: "c" }] })));
    await settlePromises();
    const values = await read();
    expect(Object.fromEntries([...values].filter(([name]) => /ledger|stored|held|dead/.test(name)))).toEqual({
      "tidemark_held_items{receiver=source}": 0,
      "tidemark_held_items{processor=leaky,pipeline=traces}": 0,
      "tidemark_held_items{exporter=sink}": 2,
      "tidemark_exporter_stored_items{exporter=sink}": 2,
      "tidemark_exporter_restored_items{exporter=sink}": 0,
      "tidemark_exporter_dead_lettered_items{exporter=sink}": 0,
      "tidemark_ledger_missing_items{receiver=source}": 0,
      "tidemark_ledger_missing_items{processor=leaky,pipeline=traces}": 1,
      "tidemark_ledger_missing_items{exporter=sink}": 0,
      "tidemark_ledger_violations{}": 1,
    });
    await graph.shutdown(AbortSignal.abort());
  });
});
