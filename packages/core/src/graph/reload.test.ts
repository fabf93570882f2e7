import { spans } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import type { NodeChange } from "../contract/reload.ts";
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

/** Lets time pass until the promise has settled. */
async function passing({ clock }: World, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  const watched = Promise.allSettled([work]).then(() => (isDone = true));
  while (!isDone) await clock.advance(1);
  await watched;
}

const changes = (all: readonly NodeChange[]): readonly string[] => all.map(({ node, change, state }) => `${node} ${change} ${state}`);
const rows = (graph: Graph): Readonly<Record<string, object>> =>
  Object.fromEntries(
    graph
      .ledger()
      .nodes.map(({ key, received, passed, delivered, refused, failed, held, restored }) => [
        key,
        { received, passed, delivered, refused, failed, held, restored },
      ]),
  );
const row = (counts: object): object => ({ received: 0, passed: 0, delivered: 0, refused: 0, failed: 0, held: 0, restored: 0, ...counts });

describe("a reload", () => {
  it("does nothing when nothing has changed", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { processors: { counter: { label: "a" } } }));
    expect(await graph.reload(specOf(of, { processors: { counter: { label: "a" } } }), 1000)).toEqual([]);
    expect(of.events).toEqual(["source listens"]);
  });

  it("keeps receivers and exporters, and builds the processors of a changed pipeline anew with their memory", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { processors: { counter: { label: "a" } } }));
    of.push("source", spans(3));
    const report = await graph.reload(specOf(of, { processors: { counter: { label: "b" } } }), 1000);
    expect(changes(report)).toEqual([
      "receiver/source unchanged none",
      "processor/counter@traces rebuilt kept",
      "exporter/sink unchanged none",
    ]);
    expect(report[1]?.reason).toBe("label has changed");
    of.push("source", spans(4));
    await settlePromises();
    expect(of.events).toEqual(["source listens", "counter counts to 3", "counter counts to 7"]);
    expect(graph.ledger().violations).toEqual([]);
    expect(rows(graph)).toEqual({
      "receiver/source": row({ received: 7, passed: 7 }),
      "processor/counter@traces": row({ received: 7, passed: 7 }),
      "exporter/sink": row({ received: 7, delivered: 7 }),
    });
    await graph.shutdown(new AbortController().signal);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("lets what an old processor holds flow out into the new graph", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { processors: { holder: { label: "a" } } }));
    const before = of.push("source", spans(3));
    await graph.reload(specOf(of, { processors: { holder: { label: "b" } } }), 1000);
    const after = of.push("source", spans(4));
    await of.clock.advance(1);
    expect([before.outcomes.length, after.outcomes.length, of.sent]).toEqual([1, 0, [{ label: "", items: 3 }]]);
    expect(graph.ledger().violations).toEqual([]);
    expect(rows(graph)["processor/holder@traces"]).toEqual(row({ received: 7, passed: 3, held: 4 }));
    await graph.shutdown(new AbortController().signal);
    expect(after.outcomes).toEqual([{ kind: "delivered" }]);
  });

  it("keeps a whole chain alive when only its exporter changes, with what it holds", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { processors: { holder: {} }, exporters: { sink: { label: "old" } } }));
    of.push("source", spans(3));
    const report = await graph.reload(specOf(of, { processors: { holder: {} }, exporters: { sink: { label: "new" } } }), 1000);
    expect(changes(report)).toEqual([
      "receiver/source unchanged none",
      "processor/holder@traces unchanged none",
      "exporter/sink rebuilt none",
    ]);
    await of.clock.advance(1);
    expect(of.events).toContain("sink closes old");
    await graph.shutdown(new AbortController().signal);
    expect(of.sent).toEqual([{ label: "new", items: 3 }]);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("ends nothing that an earlier graph still empties itself into", async () => {
    const of = world();
    const parts = { receivers: { source: { label: "a" } }, processors: { holder: { label: "a" } }, exporters: { sink: { label: "a" } } };
    const graph = await started(of, specOf(of, parts));
    const held = of.push("source", spans(3));
    // The old holder is not emptied before its receiver has ended, which takes a moment.
    const second = { ...parts, receivers: { source: { label: "b" } }, processors: { holder: { label: "b" } } };
    await graph.reload(specOf(of, second), 1000);
    await graph.reload(specOf(of, { ...second, exporters: { sink: { label: "b" } } }), 1000);
    await of.clock.advance(5);
    expect([held.outcomes, of.sent]).toEqual([[{ kind: "delivered" }], [{ label: "a", items: 3 }]]);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("says that memory is lost that belongs to a configuration, and forgets it", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { processors: { counter: { label: "a", keyed: true } } }));
    of.push("source", spans(3));
    const report = await graph.reload(specOf(of, { processors: { counter: { label: "b", keyed: true } } }), 1000);
    expect(report[1]).toMatchObject({
      change: "rebuilt",
      state: "lost",
      reason: "label has changed; its memory belongs to the configuration that it had",
    });
    await settlePromises();
    await graph.reload(specOf(of, { processors: { counter: { label: "a", keyed: true } } }), 1000);
    of.push("source", spans(1));
    expect(of.events.at(-1)).toBe("counter counts to 1");
  });

  it("lets an old exporter send what is on its way, beside the new one, and gives it up in the end", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const graph = await started(of, specOf(of, { exporters: { sink: { label: "old", sending_queue: queue() } } }));
    expect(of.push("source", spans(3)).outcomes).toEqual([{ kind: "delivered" }]);
    await graph.reload(specOf(of, { exporters: { sink: { label: "new", sending_queue: queue() } } }), 1000);
    of.push("source", spans(2));
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 5, held: 5 }));
    gate.resolve();
    await of.clock.advance(1);
    expect(of.sent).toEqual([
      { label: "old", items: 3 },
      { label: "new", items: 2 },
    ]);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 5, delivered: 5 }));
    expect(graph.ledger().violations).toEqual([]);
  });

  it("counts what an old exporter cannot send in time as lost", async () => {
    const of = world();
    of.gate = new Promise(() => undefined);
    const graph = await started(of, specOf(of, { exporters: { sink: { label: "old", sending_queue: queue() } } }));
    of.push("source", spans(3));
    await graph.reload(specOf(of, { exporters: { sink: { label: "new", sending_queue: queue() } } }), 1000);
    await of.clock.advance(999);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 3, held: 3 }));
    await of.clock.advance(10);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 3, failed: 3 }));
    expect(of.lines).toContainEqual(expect.objectContaining({ level: "error", fields: expect.objectContaining({ dropped_items: 3 }) }));
    expect(graph.ledger().violations).toEqual([]);
  });

  it("hands a stored queue to the next exporter, once, with nobody waiting for nothing", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const stored = queue({ storage: "storage", num_consumers: 1 });
    const extensions = { storage: {} };
    const graph = await started(of, specOf(of, { extensions, exporters: { sink: { label: "old", sending_queue: stored } } }));
    const before = [of.push("source", spans(1)), of.push("source", spans(2))];
    await of.clock.advance(1);
    expect(before.map(({ outcomes }) => outcomes)).toEqual([[{ kind: "delivered" }], [{ kind: "delivered" }]]);
    const report = await graph.reload(specOf(of, { extensions, exporters: { sink: { label: "new", sending_queue: stored } } }), 1000);
    expect(changes(report).at(-1)).toBe("exporter/sink rebuilt kept");
    const after = of.push("source", spans(4));
    await of.clock.advance(1);
    expect(after.outcomes).toEqual([]);
    gate.resolve();
    await of.clock.advance(1);
    expect(after.outcomes).toEqual([{ kind: "delivered" }]);
    await of.clock.advance(1);
    expect(of.sent).toEqual([
      { label: "old", items: 1 },
      { label: "new", items: 2 },
      { label: "new", items: 4 },
    ]);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 7, delivered: 7 }));
    expect(graph.ledger().violations).toEqual([]);
  });

  it("lets an exporter that comes back wait for itself: its stored queue is sent once", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const stored = queue({ storage: "storage", num_consumers: 1 });
    const extensions = { storage: {} };
    const present = specOf(of, { extensions, exporters: { sink: { label: "a", sending_queue: stored } } });
    const absent = specOf(of, { extensions, exporters: { "sink/b": { label: "b", sending_queue: stored } } });
    const graph = await started(of, present);
    of.push("source", spans(1));
    of.push("source", spans(2));
    await of.clock.advance(1);
    await graph.reload(absent, 1000);
    await of.clock.advance(1);
    await graph.reload(present, 1000);
    const late = of.push("source", spans(4));
    await of.clock.advance(1);
    expect(late.outcomes).toEqual([]);
    gate.resolve();
    await of.clock.advance(5);
    expect(late.outcomes).toEqual([{ kind: "delivered" }]);
    expect(of.sent.map(({ items }) => items)).toEqual([1, 2, 4]);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 7, delivered: 7 }));
    expect(graph.ledger().violations).toEqual([]);
  });

  it("hands a stored queue that is still being emptied to the exporter that comes back: nobody waits for the whole of it", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const stored = queue({ storage: "storage", num_consumers: 1 });
    const extensions = { storage: {} };
    const present = (label: string): GraphSpec => specOf(of, { extensions, exporters: { sink: { label, sending_queue: stored } } });
    const graph = await started(of, present("a"));
    for (const items of [1, 2, 3]) of.push("source", spans(items));
    await of.clock.advance(1);
    await graph.reload(specOf(of, { extensions, exporters: { "sink/b": { label: "b", sending_queue: stored } } }), 60_000);
    await of.clock.advance(1);
    await graph.reload(present("c"), 60_000);
    const late = of.push("source", spans(4));
    await of.clock.advance(1);
    gate.resolve();
    await of.clock.advance(5);
    expect(late.outcomes).toEqual([{ kind: "delivered" }]);
    expect(of.sent.map(({ label, items }) => [label, items])).toEqual([
      ["a", 1],
      ["c", 2],
      ["c", 3],
      ["c", 4],
    ]);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 10, delivered: 10 }));
    expect(graph.ledger().violations).toEqual([]);
    await graph.shutdown(new AbortController().signal);
    expect(graph.ledger().violations).toEqual([]);
  });

  it("tells clients to come again when the exporter before does not let go of its stored queue soon", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const stored = queue({ storage: "storage", num_consumers: 1 });
    const version = (label: string): GraphSpec =>
      specOf(of, { extensions: { storage: {} }, exporters: { sink: { label, sending_queue: stored } } });
    const graph = await started(of, version("a"));
    of.push("source", spans(1));
    await of.clock.advance(1);
    await graph.reload(version("b"), 60_000);
    const early = of.push("source", spans(2));
    await of.clock.advance(1999);
    expect(early.outcomes).toEqual([]);
    await of.clock.advance(1);
    const late = of.push("source", spans(3));
    for (const { outcomes } of [early, late])
      expect(outcomes).toMatchObject([{ kind: "refused", error: { code: "unavailable", retryAfterMs: 1000 } }]);
    gate.resolve();
    await of.clock.advance(5);
    const next = of.push("source", spans(4));
    await of.clock.advance(5);
    expect(next.outcomes).toEqual([{ kind: "delivered" }]);
    expect(of.sent.map(({ label, items }) => [label, items])).toEqual([
      ["a", 1],
      ["b", 4],
    ]);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 10, delivered: 5, refused: 5 }));
    expect(graph.ledger().violations).toEqual([]);
  });

  it("books what an exporter left in its storage once when it comes back later", async () => {
    const of = world();
    const gate = Promise.withResolvers<void>();
    of.gate = gate.promise;
    const stored = queue({ storage: "storage", num_consumers: 1 });
    const extensions = { storage: {} };
    const present = specOf(of, { extensions, exporters: { sink: { label: "a", sending_queue: stored } } });
    const graph = await started(of, present);
    of.push("source", spans(1));
    of.push("source", spans(2));
    await of.clock.advance(1);
    await graph.reload(specOf(of, { extensions, exporters: { "sink/b": { label: "b", sending_queue: stored } } }), 100);
    await of.clock.advance(200);
    gate.resolve();
    await of.clock.advance(1);
    expect(of.lines.filter(({ level }) => level === "warn").map(({ message, fields }) => [message, fields])).toEqual([
      [
        "What could not be sent stays in the storage. It is sent when an exporter of this name uses it again.",
        { items: 3, storage: "storage" },
      ],
    ]);
    of.sent.length = 0;
    await graph.reload(present, 1000);
    await of.clock.advance(5);
    expect(of.sent.map(({ items }) => items)).toEqual([1, 2]);
    expect(rows(graph)["exporter/sink"]).toEqual(row({ received: 3, delivered: 3 }));
    expect(graph.ledger().violations).toEqual([]);
  });

  it("lets a changed receiver take over the endpoint of the old one", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { receivers: { source: { endpoint: "localhost:1", label: "old" } } }));
    const report = graph.reload(specOf(of, { receivers: { source: { endpoint: "0.0.0.0:1", label: "new" } } }), 1000);
    await passing(of, report);
    expect((await report)[0]).toMatchObject({
      change: "rebuilt",
      reason: "endpoint, label have changed; its endpoint is closed for a moment",
    });
    expect(of.events.filter((event) => !event.startsWith("sink"))).toEqual([
      "source listens old",
      "source closes old",
      "source closes new",
      "source listens new",
    ]);
    of.push("source", spans(2));
    await settlePromises();
    expect(of.sent).toEqual([{ label: "", items: 2 }]);
  });

  it.each([
    [
      "an exporter does not start",
      { exporters: { sink: { fails: "start", label: "new" } } },
      'failed to start "sink" exporter: cannot start',
    ],
    ["a receiver cannot be made", { receivers: { source: { fails: "create" } } }, "cannot create"],
    [
      "a receiver does not start",
      { receivers: { source: { endpoint: "localhost:1", fails: "start" } } },
      'failed to start "source" receiver: cannot start',
    ],
  ])("leaves everything as it was when %s", async (_what, parts, message) => {
    const of = world();
    const old = { receivers: { source: { endpoint: "localhost:1" } }, processors: { counter: {} } };
    const graph = await started(of, specOf(of, old));
    of.push("source", spans(2));
    const failed = graph.reload(specOf(of, { ...old, ...parts }), 1000);
    await passing(of, failed);
    await expect(failed).rejects.toThrow(message);
    expect(of.ports).toEqual(new Set(["1"]));
    of.push("source", spans(3));
    await settlePromises();
    expect(of.events).toContain("counter counts to 5");
    expect(of.sent.map(({ items }) => items)).toEqual([2, 3]);
    expect(graph.ledger()).toMatchObject({ violations: [], nodes: [{ received: 5 }, { received: 5 }, { received: 5 }] });
    expect(graph.health().ready).toBe(true);
    await graph.shutdown(new AbortController().signal);
    expect(of.ports.size).toBe(0);
  });

  it("builds a component anew whose extension has changed", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { extensions: { auth: { label: "a" } } }));
    const report = await graph.reload(specOf(of, { extensions: { auth: { label: "b" } } }), 1000);
    expect(report).toMatchObject([
      { node: "extension/auth", change: "rebuilt", reason: "label has changed" },
      { node: "receiver/source", change: "rebuilt", reason: 'extension "auth" has changed' },
      { node: "exporter/sink", change: "rebuilt", reason: 'extension "auth" has changed' },
    ]);
  });

  it("adds and takes away nodes, and leads what goes on to them", async () => {
    const of = world();
    const graph = await started(of, specOf(of, { exporters: { a: { label: "a" }, b: { label: "b" } } }));
    of.push("source", spans(1));
    const report = await graph.reload(
      specOf(of, { processors: { counter: {} }, exporters: { b: { label: "b" }, c: { label: "c" } } }),
      1000,
    );
    expect(changes(report)).toEqual([
      "receiver/source unchanged none",
      "processor/counter@traces new none",
      "exporter/b unchanged none",
      "exporter/c new none",
      "exporter/a removed none",
    ]);
    of.push("source", spans(2));
    await of.clock.advance(1);
    expect(of.sent.map(({ label, items }) => `${label}${items}`).toSorted()).toEqual(["a1", "b1", "b2", "c2"]);
    expect(graph.ledger().violations).toEqual([]);
    expect(graph.plan(specOf(of)).map(({ node, change }) => `${node} ${change}`)).toContain("exporter/b removed");
    expect(graph.ledger().violations).toEqual([]);
    await graph.shutdown(new AbortController().signal);
    expect(rows(graph)["exporter/a"]).toEqual(row({ received: 1, delivered: 1 }));
  });
});
