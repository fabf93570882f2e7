import type { LoadedConfig, TelemetryConfig } from "@tidemark/config";
import { defineExporter, type Configured, type ExporterDefinition } from "@tidemark/core";
import {
  fakeSink,
  fakeSource,
  freePort,
  seededRandom,
  settlePromises,
  testDelivery,
  VirtualClock,
  type FakeSource,
} from "@tidemark/core/testing";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createCollector, type Collector } from "./collector.ts";
import { ledgerTotals } from "./ledger-totals.ts";
import { telemetryDefaults } from "./testing/telemetry-defaults.ts";

interface Rig {
  readonly collector: Collector;
  readonly source: FakeSource;
  readonly clock: VirtualClock;
  readonly lines: string[];
}

interface RigOptions {
  readonly exporters?: readonly Configured<ExporterDefinition>[];
  readonly telemetry?: Partial<TelemetryConfig>;
  readonly warnings?: LoadedConfig["warnings"];
}

function rig({ exporters = [], telemetry = {}, warnings = [] }: RigOptions): Rig {
  const source = fakeSource();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const graph: LoadedConfig["graph"] = {
    receivers: [{ id: "test_source", definition: source.definition, config: {} }],
    processors: [],
    connectors: [],
    exporters,
    extensions: [],
    pipelines: [{ id: "traces", signal: "traces", receivers: ["test_source"], processors: [], exporters: exporters.map(({ id }) => id) }],
  };
  const config: LoadedConfig = { graph, telemetry: { ...telemetryDefaults(), ...telemetry }, warnings };
  return {
    collector: createCollector({ config, clock, random: seededRandom(), logSink: (line) => lines.push(line) }),
    source,
    clock,
    lines,
  };
}

function sink(definition: ExporterDefinition, id = "test_sink"): Configured<ExporterDefinition> {
  return { id, definition, config: {} };
}

function failing(start: () => void): ExporterDefinition {
  return defineExporter({
    type: "failing",
    stability: "development",
    summary: "Cannot start.",
    signals: ["traces"],
    config: z.strictObject({}),
    example: "{}",
    create: () => ({ start, send: () => undefined }),
  });
}

const stubborn: ExporterDefinition = defineExporter({
  type: "stubborn",
  stability: "development",
  summary: "Never stops.",
  signals: ["traces"],
  config: z.strictObject({}),
  example: "{}",
  create: () => ({ send: () => undefined, shutdown: () => new Promise<void>(() => {}) }),
});

function metricsOn(port: number): Partial<TelemetryConfig> {
  const prometheus = { host: "127.0.0.1", port, without_scope_info: true, without_units: true, without_type_suffix: true };
  return { metrics: { level: "normal", readers: [{ pull: { exporter: { prometheus } } }] } };
}

describe("createCollector", () => {
  it("carries data, keeps the books, and shows them as metrics", async () => {
    const { definition, items } = fakeSink();
    const { collector, source } = rig({ exporters: [sink(definition)], telemetry: metricsOn(0) });
    await collector.start();
    expect(collector.health()).toMatchObject({ ready: true });
    const delivery = testDelivery(traces({ spans: [{ name: "a" }, { name: "b" }] }));
    source.push(delivery);
    await settlePromises();
    expect(items()).toBe(2);
    expect(delivery.outcomes).toEqual([{ kind: "delivered" }]);
    expect(ledgerTotals(collector.ledger())).toEqual({
      received: 2,
      alerts: 0,
      delivered: 2,
      refused: 0,
      failed: 0,
      deadLettered: 0,
      restored: 0,
      held: 0,
      stored: 0,
      dropped: {},
    });
    const text = await (await fetch(collector.metricsEndpoints()[0] ?? "")).text();
    expect(text).toMatch(/^otelcol_receiver_accepted_spans\{receiver="test_source",transport="test"\} 2$/m);
    expect(text).toMatch(/^otelcol_exporter_sent_spans\{exporter="test_sink"\} 2$/m);
    await collector.shutdown(0);
    expect(collector.health().ready).toBe(false);
    expect(collector.metricsEndpoints()).toEqual([]);
  });

  it("closes everything again when a component cannot start", async () => {
    const port = await freePort();
    const broken = failing(() => {
      throw new Error("no such host");
    });
    const { collector } = rig({ exporters: [sink(broken, "failing")], telemetry: metricsOn(port) });
    await expect(collector.start()).rejects.toThrow('failed to start "failing" exporter: no such host');
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
  });

  it("starts no component when the metrics port is in use", async () => {
    const first = rig({ exporters: [sink(fakeSink().definition)], telemetry: metricsOn(await freePort()) });
    await first.collector.start();
    let started = false;
    const port = Number(new URL(first.collector.metricsEndpoints()[0] ?? "").port);
    const second = rig({
      exporters: [
        sink(
          failing(() => void (started = true)),
          "failing",
        ),
      ],
      telemetry: metricsOn(port),
    });
    await expect(second.collector.start()).rejects.toThrow("the port is in use");
    expect(started).toBe(false);
    await first.collector.shutdown(0);
  });

  it("waits for what is held until the deadline, on the given clock", async () => {
    const stuck = fakeSink(
      (_batch, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut off")))),
    );
    const { collector, source, clock } = rig({ exporters: [sink(stuck.definition)] });
    await collector.start();
    source.push(testDelivery(traces({ spans: [{ name: "a" }] })));
    await settlePromises();
    let done = false;
    const stopped = collector.shutdown(5000).then(() => (done = true));
    await clock.advance(4999);
    expect(done).toBe(false);
    expect(ledgerTotals(collector.ledger()).held).toBe(1);
    await clock.advance(1);
    await stopped;
    expect(ledgerTotals(collector.ledger())).toMatchObject({ received: 1, delivered: 0, held: 0 });
    expect(collector.ledger().violations).toEqual([]);
  });

  it("stops at once when told to hurry", async () => {
    const stuck = fakeSink(
      (_batch, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut off")))),
    );
    const { collector, source } = rig({ exporters: [sink(stuck.definition)] });
    await collector.start();
    source.push(testDelivery(traces({ spans: [{ name: "a" }] })));
    const hurry = new AbortController();
    const stopped = collector.shutdown(60_000, hurry.signal);
    hurry.abort();
    await stopped;
    expect(ledgerTotals(collector.ledger()).held).toBe(0);
  });

  it("leaves a component behind that ignores the deadline", async () => {
    const { collector, clock, lines } = rig({ exporters: [sink(stubborn, "stubborn")] });
    await collector.start();
    let done = false;
    const stopped = collector.shutdown(1000).then(() => (done = true));
    await clock.advance(2999);
    expect(done).toBe(false);
    await clock.advance(1);
    await stopped;
    expect(lines.at(-1)).toContain("error A component did not stop after the shutdown deadline");
  });

  it("says what was remarked about the configuration, with its place", async () => {
    const warning = {
      code: "CFG_DEPRECATED_TYPE",
      severity: "warning",
      message: "old name",
      file: "a.yaml",
      line: 3,
      column: 5,
      fix: "use the new one",
    };
    const { collector, lines } = rig({
      exporters: [sink(fakeSink().definition)],
      warnings: [warning as LoadedConfig["warnings"][number]],
    });
    await collector.start();
    await collector.shutdown(0);
    expect(lines.map((line) => line.slice(25))).toEqual(['warn  old name at=a.yaml:3:5 fix="use the new one"']);
  });

  it("refuses a graph that cannot be before anything is opened", () => {
    expect(() => rig({ exporters: [] })).toThrow('pipeline "traces" must have at least one exporter');
  });
});
