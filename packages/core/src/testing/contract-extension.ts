import { systemClock } from "../clock/system-clock.ts";
import type { ExtensionDefinition } from "../contract/component.ts";
import { buildGraph, type Graph } from "../graph/graph.ts";
import type { ContractCase, ContractOptions } from "./contract-case.ts";
import { expectThat } from "./expect-that.ts";
import { fakeSink, fakeSource } from "./fake-components.ts";
import { testEnvironment, type LoggedLine } from "./test-context.ts";

/** Extensions, tried in a running graph in real time. */
export function extensionCases(definition: ExtensionDefinition, options: ContractOptions): readonly ContractCase[] {
  return [
    { name: "starts, sees the pipelines come and go, and stops without complaint", run: () => livesAndDies(definition, options) },
    { name: "can be shut down without having been started", run: () => stopsUnstarted(definition, options) },
  ];
}

async function livesAndDies(definition: ExtensionDefinition, options: ContractOptions): Promise<void> {
  await withGraph(definition, options, async (graph, lines) => {
    await graph.start();
    expectThat(graph.health().ready, "the graph is not ready with the extension in it");
    await graph.shutdown(AbortSignal.timeout(5000));
    const errors = lines.filter((line) => line.level === "error").map((line) => `${line.message} ${JSON.stringify(line.fields)}`);
    expectThat(errors.length === 0, `errors were logged: ${errors.join("; ")}`);
  });
}

async function stopsUnstarted(definition: ExtensionDefinition, options: ContractOptions): Promise<void> {
  await withGraph(definition, options, (graph) => graph.shutdown(AbortSignal.abort()));
}

async function withGraph(
  definition: ExtensionDefinition,
  options: ContractOptions,
  run: (graph: Graph, lines: readonly LoggedLine[]) => Promise<void>,
): Promise<void> {
  const fixture = await options.fixture?.open();
  const lines: LoggedLine[] = [];
  const config = definition.config.parse(fixture?.config ?? options.parse(definition.example) ?? {});
  const graph = buildGraph(
    {
      receivers: [{ id: "test_source", definition: fakeSource().definition, config: {} }],
      processors: [],
      connectors: [],
      exporters: [{ id: "test_sink", definition: fakeSink().definition, config: {} }],
      extensions: [{ id: definition.type, definition, config }],
      pipelines: [{ id: "traces", signal: "traces", receivers: ["test_source"], processors: [], exporters: ["test_sink"] }],
    },
    testEnvironment({ clock: systemClock, lines }),
  );
  try {
    await run(graph, lines);
  } finally {
    await fixture?.close();
  }
}
