import { spans } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { specOf, world } from "../testing/reload-world.ts";
import { testEnvironment } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import type { GraphSpec } from "./graph-spec.ts";
import { buildGraph } from "./graph.ts";

describe("a pipeline that is switched off by a reload, and on again", () => {
  it("keeps its nodes and their memory, drops and counts what would enter it, and says so once", async () => {
    const of = world();
    const spec = (isOff: boolean): GraphSpec => {
      const { pipelines, ...parts } = specOf(of, { processors: { counter: { label: "a" } } });
      return { ...parts, pipelines: pipelines.map((pipeline) => (isOff ? { ...pipeline, isOff } : pipeline)) };
    };
    const graph = buildGraph(spec(false), testEnvironment({ clock: of.clock, lines: of.lines }));
    const outcomes: unknown[] = [];
    const push = async (items: number): Promise<void> => {
      const delivery = of.push("source", spans(items));
      await settlePromises();
      outcomes.push(delivery.outcomes);
    };
    await graph.start();
    await push(1);
    const off = await graph.reload(spec(true), 1000);
    await push(2);
    expect(await graph.reload(spec(true), 1000)).toEqual([]);
    await push(3);
    const on = await graph.reload(spec(false), 1000);
    await push(4);

    expect(off.map(({ node, change }) => `${node} ${change}`)).toEqual([
      "receiver/source unchanged",
      "switch/traces new",
      "processor/counter@traces unchanged",
      "exporter/sink unchanged",
    ]);
    expect(on.map(({ node, change }) => `${node} ${change}`)).toContain("switch/traces removed");
    const dropped = [{ kind: "dropped", reason: "switched_off" }];
    expect(outcomes).toEqual([[{ kind: "delivered" }], dropped, dropped, [{ kind: "delivered" }]]);
    expect(of.events).toEqual(["source listens", "counter counts to 1", "counter counts to 5"]);
    expect(of.lines.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      "This pipeline is switched off. What would enter it is dropped and counted.",
    ]);
    const { nodes, violations } = graph.ledger();
    expect(violations).toEqual([]);
    expect(nodes.find(({ key }) => key === "switch/traces")).toMatchObject({ received: 5, dropped: { switched_off: 5 }, missing: 0 });
    await graph.shutdown(new AbortController().signal);
  });
});
