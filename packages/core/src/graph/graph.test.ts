import type { Batch, Signal } from "@tidemark/otlp";
import { logs, metrics, spans } from "@tidemark/otlp/testing";
import { filter, map, skip, Subject, take, type Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Connector, Processor, ProcessorDefinition } from "../contract/component.ts";
import { defineConnector, defineExtension, defineProcessor, defineReceiver } from "../contract/define.ts";
import type { Delivery } from "../contract/delivery.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { fakeSink, fakeSource, type FakeSink } from "../testing/fake-components.ts";
import { testDelivery, testEnvironment, type LoggedLine } from "../testing/test-context.ts";
import { settlePromises, VirtualClock } from "../testing/virtual-clock.ts";
import type { GraphSpec, PipelineSpec } from "./graph-spec.ts";
import { buildGraph, type Graph } from "./graph.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const base = { stability: "development", summary: "A test.", config: z.looseObject({}), example: "{}" } as const;

function processor(type: string, create: ProcessorDefinition["create"], emitsAlerts = false): ProcessorDefinition {
  return defineProcessor({ ...base, type, signals: SIGNALS, emitsAlerts, create });
}

function raise(error: Error): never {
  throw error;
}

const pass: Processor = { process: (batch) => batch };
const dropEven = processor("drop_even", (_config, context) => ({
  process(batch) {
    const kept = batch.signal === "traces" ? batch.filter((item) => item.index % 2 === 1) : batch;
    context.drop("even", batch.itemCount - kept.itemCount);
    return kept;
  },
}));

interface Rig {
  readonly graph: Graph;
  readonly lines: LoggedLine[];
  readonly clock: VirtualClock;
  push(batch: Batch): ReturnType<typeof testDelivery>;
}

function rig(
  pipelines: readonly Partial<PipelineSpec>[],
  parts: Partial<GraphSpec> = {},
  sinks: Readonly<Record<string, FakeSink>> = { sink: fakeSink() },
): Rig {
  const source = fakeSource();
  const lines: LoggedLine[] = [];
  const clock = new VirtualClock();
  const spec: GraphSpec = {
    receivers: [{ id: "source", definition: source.definition, config: {} }],
    processors: [],
    connectors: [],
    extensions: [],
    exporters: Object.entries(sinks).map(([id, sink]) => ({ id, definition: sink.definition, config: {} })),
    ...parts,
    pipelines: pipelines.map((pipeline, index) => ({
      id: `traces/${index}`,
      signal: "traces",
      receivers: ["source"],
      processors: [],
      exporters: ["sink"],
      ...pipeline,
    })),
  };
  const graph = buildGraph(spec, testEnvironment({ clock, lines }));
  return {
    graph,
    lines,
    clock,
    push(batch) {
      const delivery = testDelivery(batch);
      source.push(delivery);
      return delivery;
    },
  };
}

const kinds = (delivery: ReturnType<typeof testDelivery>): readonly string[] => delivery.outcomes.map((outcome) => outcome.kind);

describe("a graph", () => {
  it("carries a batch through a processor and books every item", async () => {
    const sink = fakeSink();
    const { graph, push } = rig(
      [{ processors: ["drop_even"] }],
      { processors: [{ id: "drop_even", definition: dropEven, config: {} }] },
      { sink },
    );
    await graph.start();
    const delivery = push(spans(5));
    await settlePromises();
    expect(kinds(delivery)).toEqual(["delivered"]);
    expect(sink.items()).toBe(2);
    const { nodes, edges, violations } = graph.ledger();
    expect(violations).toEqual([]);
    expect(nodes.find((node) => node.id === "drop_even")).toMatchObject({ received: 5, passed: 2, dropped: { even: 3 }, missing: 0 });
    expect(edges.map(({ from, to, items }) => `${from} ${items} ${to}`).toSorted()).toEqual([
      "processor/drop_even@traces/0 2 exporter/sink",
      "receiver/source 5 processor/drop_even@traces/0",
    ]);
  });

  it("fans out to several pipelines and exporters; the worst branch answers", async () => {
    const good = fakeSink();
    const bad = fakeSink(() => {
      throw PipelineError.unavailable("down");
    });
    const { graph, push } = rig([{ exporters: ["good"] }, { exporters: ["good", "bad"] }], {}, { good, bad });
    await graph.start();
    const delivery = push(spans(3));
    await settlePromises();
    expect(kinds(delivery)).toEqual(["refused"]);
    expect(good.items()).toBe(6);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("fans in: one exporter serves all pipelines that list it", async () => {
    const sink = fakeSink();
    const { graph, push } = rig([{}, { id: "logs", signal: "logs" }, { id: "metrics", signal: "metrics" }], {}, { sink });
    await graph.start();
    push(spans(2));
    push(logs({ records: [{ body: "a" }] }));
    push(metrics({ metrics: [{ name: "m", gauge: [{ value: 1 }] }] }));
    await settlePromises();
    expect(sink.batches.map((batch) => batch.signal)).toEqual(["traces", "logs", "metrics"]);
  });

  it("fails a signal that no pipeline takes", async () => {
    const { graph, push } = rig([{}]);
    await graph.start();
    expect(push(logs({ records: [{ body: "a" }] })).outcomes).toMatchObject([{ kind: "failed", error: { code: "unimplemented" } }]);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("joins pipelines by connectors", async () => {
    const sink = fakeSink();
    const definition = defineConnector({
      ...base,
      type: "count",
      pairs: [["traces", "logs"]],
      create: () => ({
        operator: map((delivery) => ({ ...delivery, batch: logs({ records: [{ body: `${delivery.batch.itemCount} spans` }] }) })),
      }),
    });
    const { graph, push } = rig(
      [{ exporters: ["count"] }, { id: "logs", signal: "logs", receivers: ["count"] }],
      { connectors: [{ id: "count", definition, config: {} }] },
      { sink },
    );
    await graph.start();
    const delivery = push(spans(4));
    await settlePromises();
    expect(kinds(delivery)).toEqual(["delivered"]);
    expect(sink.batches.map((batch) => batch.signal)).toEqual(["logs"]);
    expect(graph.ledger().violations).toEqual([]);
  });

  it.each([
    ["offers the alerts of a processor to the alerts pipelines that list it", {}, ["logs", "traces"], "delivered"],
    ["drops and counts what would enter a pipeline that is switched off", { isOff: true }, ["traces"], "dropped"],
  ])("%s", async (_, state, arrived, outcome) => {
    const sink = fakeSink();
    const outcomes: string[] = [];
    const detect = processor(
      "detect",
      (_config, context) => ({
        process(batch) {
          void context.alerts.offer(logs({ records: [{ body: "slow" }] })).then((outcome) => outcomes.push(outcome.kind));
          return batch;
        },
      }),
      true,
    );
    const { graph, push } = rig(
      [{ processors: ["detect"] }, { id: "alerts", signal: "alerts", receivers: ["detect"], ...state }],
      { processors: [{ id: "detect", definition: detect, config: {} }] },
      { sink },
    );
    await graph.start();
    push(spans(1));
    await settlePromises();
    expect(sink.batches.map((batch) => batch.signal).toSorted()).toEqual(arrived);
    expect(outcomes).toEqual([outcome]);
    const row = graph.ledger().nodes.find(({ key }) => key === "switch/alerts");
    expect(row?.dropped).toEqual(outcome === "dropped" ? { switched_off: 1 } : undefined);
    expect(graph.ledger().violations).toEqual([]);
  });

  it.each([
    ["a retryable one as refused", PipelineError.unavailable("later"), "refused"],
    ["any other as failed", new Error("a defect"), "failed"],
  ])("survives exceptions of a processor: %s", async (_name, error, kind) => {
    const definition = processor("throws", () => ({
      process: () => {
        throw error;
      },
    }));
    const { graph, push } = rig([{ processors: ["throws"] }], { processors: [{ id: "throws", definition, config: {} }] });
    await graph.start();
    expect(kinds(push(spans(2)))).toEqual([kind]);
    expect(kinds(push(spans(2)))).toEqual([kind]);
    expect(graph.ledger().violations).toEqual([]);
  });

  it.each([
    [
      "breaks",
      (source: Observable<Delivery>): Observable<Delivery> =>
        source.pipe(
          skip(1),
          map(() => raise(new Error("a defect"))),
        ),
      "a defect",
    ],
    [
      "ends by itself",
      (source: Observable<Delivery>): Observable<Delivery> =>
        source.pipe(
          skip(1),
          take(1),
          filter(() => false),
        ),
      "it ended by itself",
    ],
  ] as const)("closes a stream that %s: what it holds is given back, and it refuses from then on", async (_name, operator, why) => {
    const definition = processor("breaks", () => ({ held: () => 1, operator }));
    const { graph, push, lines, clock } = rig([{ processors: ["breaks"] }], { processors: [{ id: "breaks", definition, config: {} }] });
    await graph.start();
    const held = push(spans(1));
    expect(kinds(held)).toEqual([]);
    expect(kinds(push(spans(2)))).toEqual(["refused"]);
    expect(kinds(held)).toEqual(["refused"]);
    expect(kinds(push(spans(3)))).toEqual(["refused"]);
    expect(graph.ledger().violations).toEqual([]);
    expect(lines.filter((line) => line.level === "error").map((line) => line.fields["error"])).toEqual([
      `processor/breaks@traces/0 has stopped: ${why}`,
    ]);
    await clock.advance(5000);
    expect(graph.health().nodes.filter((node) => !node.healthy)).toEqual([
      { node: "processor/breaks@traces/0", healthy: false, reason: `processor/breaks@traces/0 has stopped: ${why}` },
    ]);
  });

  it("turns unhealthy when a node loses items, and when it holds items without moving any", async () => {
    const leaky = processor("leaky", () => ({
      process: (batch) => (batch.signal === "traces" ? batch.filter((item) => item.index > 0) : batch),
    }));
    const held = processor("holds", () => ({ held: () => 3, operator: () => new Subject() }));
    const { graph, push, clock } = rig([{ processors: ["leaky"] }, { processors: ["holds"] }], {
      processors: [
        { id: "leaky", definition: leaky, config: {} },
        { id: "holds", definition: held, config: {} },
      ],
    });
    await graph.start();
    push(spans(3));
    await clock.advance(70_000);
    const sick = graph.health().nodes.filter((node) => !node.healthy);
    expect(sick.map(({ node, reason }) => `${node}: ${reason}`)).toEqual([
      expect.stringMatching(/^processor\/holds@traces\/1: holds 3 items and has moved none for \d+ s$/),
      "ledger: processor/leaky@traces/0 lost track of 1 items: received 3, restored 0, passed 2, delivered 0, refused 0, failed 0, dead-lettered 0, held 0",
    ]);
  });
});

describe("the life of a graph", () => {
  it("starts extensions, exporters, processors, receivers, and stops the other way round", async () => {
    const events: string[] = [];
    const stages = (name: string): { start(): void; hurry(): void; shutdown(): void } => ({
      start: () => void events.push(`start ${name}`),
      hurry: () => void events.push(`hurry ${name}`),
      shutdown: () => void events.push(`stop ${name}`),
    });
    const sink = fakeSink();
    const exporter = { ...sink.definition, create: () => ({ ...stages("exporter"), send: () => undefined }) };
    const receiver = defineReceiver({
      ...base,
      type: "source",
      signals: SIGNALS,
      create: () => ({ ...stages("receiver"), deliveries: new Subject() }),
    });
    const extension = defineExtension({
      ...base,
      type: "ext",
      create: () => ({ ...stages("extension"), ready: () => void events.push("ready"), notReady: () => void events.push("not ready") }),
    });
    const spec: GraphSpec = {
      receivers: [{ id: "source", definition: receiver, config: {} }],
      processors: [{ id: "p", definition: processor("p", () => ({ ...pass, ...stages("processor") })), config: {} }],
      connectors: [],
      exporters: [{ id: "sink", definition: exporter, config: {} }],
      extensions: [{ id: "ext", definition: extension, config: {} }],
      pipelines: [{ id: "traces", signal: "traces", receivers: ["source"], processors: ["p"], exporters: ["sink"] }],
    };
    const graph = buildGraph(spec, testEnvironment());
    await graph.start();
    await graph.shutdown(AbortSignal.abort());
    expect(events).toEqual([
      "start extension",
      "start exporter",
      "start processor",
      "start receiver",
      "ready",
      "not ready",
      "hurry processor",
      "stop receiver",
      "stop processor",
      "stop exporter",
      "stop extension",
    ]);
  });

  it("names the component that could not start, and stops the others", async () => {
    const sink = fakeSink();
    let stopped = false;
    const bad = {
      ...sink.definition,
      create: () => ({
        send: () => undefined,
        start: () => Promise.reject(new Error("port in use")),
        shutdown: () => void (stopped = true),
      }),
    };
    const source = fakeSource();
    const graph = buildGraph(
      {
        receivers: [{ id: "source", definition: source.definition, config: {} }],
        processors: [],
        connectors: [],
        exporters: [{ id: "sink/a", definition: bad, config: {} }],
        extensions: [],
        pipelines: [{ id: "traces", signal: "traces", receivers: ["source"], processors: [], exporters: ["sink/a"] }],
      },
      testEnvironment(),
    );
    await expect(graph.start()).rejects.toThrow('failed to start "sink/a" exporter: port in use');
    expect(stopped).toBe(true);
  });

  it("sees no circle where a connector serves pairs that do not meet", () => {
    const create = (): Connector => ({ operator: map((delivery) => delivery) });
    const definition = defineConnector({
      ...base,
      type: "both",
      pairs: [
        ["traces", "metrics"],
        ["metrics", "logs"],
      ],
      create,
    });
    const pipelines = [
      { exporters: ["both"] },
      { id: "metrics", signal: "metrics", receivers: ["both"], exporters: ["both"] },
      { id: "logs", signal: "logs", receivers: ["both"] },
    ] as const;
    expect(() => rig(pipelines, { connectors: [{ id: "both", definition, config: {} }] })).not.toThrow();
  });

  it("finds circles and dangling references in a hand-written specification", () => {
    const loop = defineConnector({
      ...base,
      type: "loop",
      pairs: [["traces", "traces"]],
      create: () => ({ operator: map((delivery) => delivery) }),
    });
    const connectors = [{ id: "loop", definition: loop, config: {} }];
    expect(() => rig([{ receivers: ["loop"], exporters: ["loop"] }], { connectors })).toThrow(/cycle detected: traces\/0 -> traces\/0/);
    expect(() => rig([{ processors: ["nowhere"] }])).toThrow('pipeline "traces/0" references processor "nowhere" which is not configured');
  });
});
