import { spans } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { queue, specOf, world, type World } from "../testing/reload-world.ts";
import { testEnvironment } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import type { GraphSpec } from "./graph-spec.ts";
import { buildGraph, type Graph } from "./graph.ts";

/** Two pipelines that end in `a` and `b`; of the first one a reload keeps the processors, whatever exporters it gets. */
function twoPipelines(of: World, firstExporters: readonly string[], exporters: Readonly<Record<string, object>>): GraphSpec {
  const spec = specOf(of, { receivers: { source: {}, other: {} }, processors: { counter: {} }, exporters });
  const [pipeline] = spec.pipelines;
  return {
    ...spec,
    pipelines: [
      { ...pipeline!, receivers: ["source"], exporters: firstExporters },
      { ...pipeline!, id: "traces/other", receivers: ["other"], processors: [], exporters: ["b"] },
    ],
  };
}

async function started(of: World, spec: GraphSpec): Promise<Graph> {
  const graph = buildGraph(spec, testEnvironment({ clock: of.clock, lines: of.lines }));
  await graph.start();
  of.push("source", spans(3));
  await settlePromises();
  return graph;
}

describe("the books", () => {
  const both = { a: {}, b: {} };

  it("keep what is left behind when a storage is elsewhere from now on, and say so", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const exporters = { sink: { sending_queue: queue({ storage: "storage", num_consumers: 1 }) } };
    const at = (label: string): GraphSpec => specOf(of, { extensions: { storage: { label } }, exporters });
    const graph = await started(of, at("a"));
    of.push("source", spans(2));
    await of.clock.advance(1);
    const changes = graph.plan(at("b"));
    expect(changes.map(({ node, state }) => [node, state])).toContainEqual(["exporter/sink", "lost"]);
    await graph.reload(at("b"), 100);
    await of.clock.advance(200);
    gate.resolve();
    of.push("source", spans(4));
    await of.clock.advance(10);
    expect(of.lines.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      "What could not be sent stays in the storage. It is sent when an exporter of this name uses it again.",
    ]);
    const sink = graph.ledger().nodes.find(({ key }) => key === "exporter/sink");
    expect(sink).toMatchObject({ received: 9, restored: 0, delivered: 4, held: 5, missing: 0 });
    expect(graph.ledger().violations).toEqual([]);
  });

  it("do not count connections of a graph that was only planned", async () => {
    const of = world();
    const graph = await started(of, twoPipelines(of, ["a"], both));
    const before = graph.ledger();
    graph.plan(twoPipelines(of, ["a", "b"], both));
    expect(graph.ledger()).toEqual(before);
    expect(before.violations).toEqual([]);
  });

  it("do not count connections of a graph that could not start", async () => {
    const of = world();
    const graph = await started(of, twoPipelines(of, ["a"], both));
    const before = graph.ledger();
    const failing = twoPipelines(of, ["a", "b", "c"], { ...both, c: { fails: "start" } });
    await expect(graph.reload(failing, 1000)).rejects.toThrow('failed to start "c"');
    expect(graph.ledger()).toEqual(before);
  });

  it("do not count connections of a graph that could not be built", async () => {
    const of = world();
    const graph = await started(of, twoPipelines(of, ["a"], both));
    const before = graph.ledger();
    const spec = twoPipelines(of, ["a", "b"], both);
    const receivers = spec.receivers.map((receiver) => ({ ...receiver, config: { fails: "create" } }));
    await expect(graph.reload({ ...spec, receivers }, 1000)).rejects.toThrow("cannot create");
    expect(graph.ledger()).toEqual(before);
  });

  it("balance while the next graph starts", async () => {
    const of = world();
    const graph = await started(of, twoPipelines(of, ["a"], both));
    of.ports.add("1");
    const next = twoPipelines(of, ["a", "b", "c"], { ...both, c: {} });
    const receivers = next.receivers.map((receiver) => (receiver.id === "other" ? { ...receiver, config: { endpoint: "x:1" } } : receiver));
    const reloading = graph.reload({ ...next, receivers }, 1000);
    await settlePromises();
    of.push("source", spans(4));
    expect(graph.ledger().violations).toEqual([]);
    of.ports.delete("1");
    await of.clock.advance(1000);
    await reloading;
    of.push("source", spans(5));
    await settlePromises();
    expect(graph.ledger().violations).toEqual([]);
    expect(
      graph
        .ledger()
        .edges.map(({ from, to, items }) => `${from} ${to} ${items}`)
        .toSorted(),
    ).toEqual([
      "processor/counter@traces exporter/a 12",
      "processor/counter@traces exporter/b 5",
      "processor/counter@traces exporter/c 5",
      "receiver/other exporter/b 0",
      "receiver/source processor/counter@traces 12",
    ]);
  });
});
