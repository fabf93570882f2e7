import { spans } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { queue, specOf, world, type World } from "../testing/reload-world.ts";
import { testEnvironment } from "../testing/test-context.ts";
import type { GraphSpec } from "./graph-spec.ts";
import { buildGraph, type Graph } from "./graph.ts";

const LONG_MS = 60_000;
const OPEN_MS = 5;

/** A pipeline to `exporter`, with a stored queue. */
function to(of: World, exporter: string): GraphSpec {
  const stored = queue({ storage: "storage", num_consumers: 1 });
  return specOf(of, { extensions: { storage: {} }, exporters: { [exporter]: { label: exporter, sending_queue: stored } } });
}

async function started(of: World): Promise<Graph> {
  const graph = buildGraph(to(of, "a"), testEnvironment({ clock: of.clock, lines: of.lines }));
  await graph.start();
  of.openMs = OPEN_MS;
  return graph;
}

async function reload(of: World, graph: Graph, exporter: string): Promise<void> {
  const reloaded = graph.reload(to(of, exporter), LONG_MS);
  await of.clock.advance(2 * OPEN_MS);
  await reloaded;
}

describe("an exporter that comes back and leaves again while its predecessor still sends", () => {
  /** `a` sends, `b` takes its place, `a` is back with what came meanwhile, and leaves again. Returns what a client of the second `a` heard. */
  async function backAndGone(of: World): Promise<{ readonly graph: Graph; readonly waiting: ReturnType<World["push"]> }> {
    const graph = await started(of);
    of.push("source", spans(1));
    await of.clock.advance(10);
    await reload(of, graph, "b");
    await reload(of, graph, "a");
    const waiting = of.push("source", spans(2));
    await of.clock.advance(10);
    expect(waiting.outcomes).toEqual([]);
    await reload(of, graph, "b");
    return { graph, waiting };
  }

  it.each([
    ["takes what waits for it when its queue is free, and sends it", false],
    ["hands it to the next of its name, when that comes first", true],
  ])("%s", async (_, comesBack) => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const { graph, waiting } = await backAndGone(of);
    expect(waiting.outcomes).toEqual([]);
    if (comesBack) await reload(of, graph, "a");
    gate.resolve();
    await of.clock.advance(50);
    expect(waiting.outcomes).toEqual([{ kind: "delivered" }]);
    expect(of.sent.map(({ label, items }) => [label, items])).toEqual([
      ["a", 1],
      ["a", 2],
    ]);
    await graph.shutdown(new AbortController().signal);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("tells it to come again when that takes too long", async () => {
    const of = world();
    of.gate = new Promise(() => undefined);
    const { graph, waiting } = await backAndGone(of);
    await of.clock.advance(3000);
    expect(waiting.outcomes).toMatchObject([{ kind: "refused", error: { message: "the stored queue is not free yet" } }]);
    expect(graph.ledger().violations).toEqual([]);
  });
});
