import { spans } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import type { Extension } from "../contract/component.ts";
import { queue, specOf, world, type World } from "../testing/reload-world.ts";
import { testEnvironment } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import type { GraphSpec } from "./graph-spec.ts";
import { buildGraph, type Graph } from "./graph.ts";

async function started(of: World, spec: GraphSpec): Promise<Graph> {
  const graph = buildGraph(spec, testEnvironment({ clock: of.clock, lines: of.lines }));
  await graph.start();
  return graph;
}

/** `spec` with an extension that starts when it is told to. */
function withSlowStart(of: World, spec: GraphSpec, start: Promise<void>): GraphSpec {
  const extension: Extension = { start: () => start };
  const definition = { ...of.definitions.extension, create: () => extension };
  return { ...spec, extensions: [...spec.extensions, { id: "slow", definition, config: {} }] };
}

async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.finally(() => (over = true)).catch(() => undefined);
  await settlePromises();
  return over;
}

describe("a shutdown in the middle of a reload", () => {
  it("does not wait beyond its deadline for a component that does not start", async () => {
    const of = world();
    const graph = await started(of, specOf(of));
    const reloading = graph.reload(
      withSlowStart(of, specOf(of, { exporters: { sink: { label: "new" } } }), new Promise(() => undefined)),
      1000,
    );
    const deadline = new AbortController();
    const stopped = graph.shutdown(deadline.signal);
    expect(await isOver(stopped)).toBe(false);
    deadline.abort();
    await settlePromises();
    expect(await isOver(stopped)).toBe(true);
    expect(of.events).toContain("sink closes");
    expect(await isOver(reloading)).toBe(false);
  });

  it("lets nothing start after its deadline", async () => {
    const of = world();
    const graph = await started(of, specOf(of));
    const slow = Promise.withResolvers<void>();
    const reloading = graph.reload(withSlowStart(of, specOf(of, { exporters: { sink: { label: "new" } } }), slow.promise), 1000);
    reloading.catch(() => undefined);
    await graph.shutdown(AbortSignal.abort());
    slow.resolve();
    await expect(reloading).rejects.toThrow("the collector is shutting down");
    expect(of.events.filter((event) => event.endsWith("new"))).toEqual(["sink closes new"]);
  });

  it("waits for it while there is time, and stops the new graph", async () => {
    const of = world();
    const graph = await started(of, specOf(of));
    const slow = Promise.withResolvers<void>();
    const reloading = graph.reload(withSlowStart(of, specOf(of, { exporters: { sink: { label: "new" } } }), slow.promise), 1000);
    const stopped = graph.shutdown(new AbortController().signal);
    await settlePromises();
    slow.resolve();
    await reloading;
    await stopped;
    expect(of.events.filter((event) => event.startsWith("sink")).toSorted()).toEqual(["sink closes", "sink closes new"]);
  });
});

describe("a stored batch that is cut into several requests", () => {
  it("is sent to its end by the exporter that has begun with it, and not again by the next one", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const extensions = { storage: {} };
    const stored = queue({ storage: "storage", num_consumers: 1, batch: { min_size: 1, max_size: 2, flush_timeout: "10ms" } });
    const spec = (label: string): GraphSpec => specOf(of, { extensions, exporters: { sink: { label, sending_queue: stored } } });
    const graph = await started(of, spec("a"));
    for (const count of [5, 3, 2]) of.push("source", spans(count));
    await of.clock.advance(20);
    await graph.reload(spec("b"), 10_000);
    gate.resolve();
    await of.clock.advance(100);
    expect(of.sent.map(({ label, items }) => [label, items])).toEqual([
      ["a", 2],
      ["a", 2],
      ["a", 1],
      ["b", 2],
      ["b", 1],
      ["b", 2],
    ]);
    expect(graph.ledger()).toMatchObject({ violations: [], nodes: [{}, { delivered: 10, held: 0 }] });
  });
});

describe("a stored queue whose exporter changes together with the receiver", () => {
  const stored = queue({ storage: "storage", num_consumers: 1 });
  const parts = (label: string): Parameters<typeof specOf>[1] => ({
    receivers: { source: { label } },
    processors: { holder: {} },
    exporters: { sink: { label, sending_queue: stored } },
    extensions: { storage: {} },
  });

  it("is free for the new exporter before the clients of the old receiver have their answers", async () => {
    const of = world();
    const spec = specOf(of, parts("a"));
    // The receiver ends when its clients have their answers, as receivers do.
    const waiting: ReturnType<typeof of.push>[] = [];
    const { receiver } = of.definitions;
    const patient = {
      ...receiver,
      create: (config: unknown, context: Parameters<typeof receiver.create>[1]) => {
        const real = receiver.create(config as never, context);
        return {
          ...real,
          async shutdown(deadline: AbortSignal) {
            while (!deadline.aborted && waiting.some(({ outcomes }) => outcomes.length === 0))
              await new Promise<void>((resolve) => void of.clock.setTimeout(resolve, 1));
            await real.shutdown?.(deadline);
          },
        };
      },
    };
    const patiently = (like: GraphSpec): GraphSpec => ({
      ...like,
      receivers: like.receivers.map((part) => ({ ...part, definition: patient })),
    });
    const graph = await started(of, patiently(spec));
    waiting.push(of.push("source", spans(2)));
    expect(waiting[0]?.outcomes).toEqual([]);
    await graph.reload(patiently(specOf(of, parts("b"))), 60_000);
    // What the processor holds goes to the new exporter.
    of.release("holder");
    await of.clock.advance(50);
    expect(waiting[0]?.outcomes).toEqual([{ kind: "delivered" }]);
    expect(of.sent).toEqual([{ label: "b", items: 2 }]);
    expect(graph.ledger().violations).toEqual([]);
  });
});
