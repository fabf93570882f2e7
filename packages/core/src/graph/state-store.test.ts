import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { StateHandle } from "../contract/component.ts";
import { defineProcessor } from "../contract/define.ts";
import { fakeSink, fakeSource } from "../testing/fake-components.ts";
import { testDelivery, testEnvironment } from "../testing/test-context.ts";
import { buildGraph } from "./graph.ts";
import { StateStore } from "./state-store.ts";

/** Runs a graph whose processor counts items in its state; gives the count that it ended with. */
async function runOnce(states: StateStore, version: number, spans: number): Promise<number> {
  const source = fakeSource();
  const sink = fakeSink();
  let counter: StateHandle<number> | undefined;
  const definition = defineProcessor({
    type: "counter",
    stability: "development",
    summary: "Counts.",
    signals: ["traces"],
    config: z.strictObject({}),
    example: "{}",
    create(_config, context) {
      const handle = context.state("count", version, () => 0);
      counter = handle;
      return {
        process(batch) {
          handle.value += batch.itemCount;
          return batch;
        },
      };
    },
  });
  const graph = buildGraph(
    {
      receivers: [{ id: "source", definition: source.definition, config: {} }],
      processors: [{ id: "counter", definition, config: {} }],
      connectors: [],
      exporters: [{ id: "sink", definition: sink.definition, config: {} }],
      extensions: [],
      pipelines: [{ id: "traces", signal: "traces", receivers: ["source"], processors: ["counter"], exporters: ["sink"] }],
    },
    { ...testEnvironment(), states },
  );
  await graph.start();
  source.push(testDelivery(traces({ spans: Array.from({ length: spans }, () => ({ name: "op" })) })));
  await graph.shutdown(new AbortController().signal);
  return counter?.value ?? Number.NaN;
}

describe("the state of a node", () => {
  it("is handed to the next graph that is built on the same store", async () => {
    const states = new StateStore();
    expect(await runOnce(states, 1, 3)).toBe(3);
    expect(await runOnce(states, 1, 4)).toBe(7);
  });

  it("starts afresh when its version has changed, and in another store", async () => {
    const states = new StateStore();
    await runOnce(states, 1, 3);
    expect(await runOnce(states, 2, 4)).toBe(4);
    expect(await runOnce(new StateStore(), 2, 1)).toBe(1);
  });
});
