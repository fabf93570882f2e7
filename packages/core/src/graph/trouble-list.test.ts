import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ComponentContext } from "../contract/component.ts";
import { defineExtension } from "../contract/define.ts";
import { healthStatus, type NodeHealth } from "../contract/health.ts";
import { testEnvironment } from "../testing/test-context.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { buildGraph } from "./graph.ts";

/** A graph with one extension, and the context that it got. */
async function rig(): Promise<{ clock: VirtualClock; context: ComponentContext; lines(): readonly NodeHealth[] }> {
  const clock = new VirtualClock();
  let given: ComponentContext | undefined;
  const definition = defineExtension({
    type: "disk",
    stability: "development",
    summary: "Says what is wrong with it.",
    config: z.strictObject({}),
    example: "{}",
    create: (_config, context) => {
      given = context;
      return {};
    },
  });
  const extensions = [{ id: "disk/a", definition, config: {} }];
  const graph = buildGraph(
    { receivers: [], processors: [], connectors: [], exporters: [], pipelines: [], extensions },
    testEnvironment({ clock }),
  );
  await graph.start();
  if (given === undefined) throw new Error("the extension was not made");
  return { clock, context: given, lines: () => graph.health().nodes };
}

describe("what components say is wrong with them", () => {
  it("shows in the health report from its first moment on, as long as it is said again", async () => {
    const { clock, context, lines } = await rig();
    expect(lines()).toEqual([]);
    const since = clock.now();
    for (let second = 0; second < 60; second++) {
      context.trouble("storage_full", `full for ${second} s`, 3000);
      await clock.advance(1000);
      expect(lines()).toEqual([
        { node: "extension/disk/a", healthy: true, reason: `full for ${second} s`, trouble: { code: "storage_full", since } },
      ]);
    }
    await clock.advance(1999);
    expect(lines()).toHaveLength(1);
    await clock.advance(1);
    expect(lines()).toEqual([]);
    context.trouble("storage_full", "again", 1000);
    expect(lines()[0]?.trouble?.since).toBe(clock.now());
  });

  it("is over when they say so, each for itself", async () => {
    const { context, lines } = await rig();
    context.trouble("storage_full", "a", 1000);
    context.trouble("records_damaged", "b", 1000);
    context.trouble("storage_full", "", 0);
    expect(lines().map(({ reason }) => reason)).toEqual(["b"]);
  });

  it("makes the collector degraded when it lasts, dead letters excepted", async () => {
    const { clock, context, lines } = await rig();
    context.trouble("storage_full", "a", 60_000);
    context.trouble("dead_letters_present", "b", 60_000);
    const statuses = (): string[] => lines().map((line) => healthStatus(line, clock.now()));
    expect(statuses()).toEqual(["UP", "UP"]);
    await clock.advance(10_000);
    expect(statuses()).toEqual(["DEGRADED", "UP"]);
  });
});
