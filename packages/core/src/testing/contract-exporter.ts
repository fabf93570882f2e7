import type { Signal } from "@tidemark/otlp";
import { systemClock } from "../clock/system-clock.ts";
import type { ExporterDefinition } from "../contract/component.ts";
import type { GraphSpec } from "../graph/graph-spec.ts";
import { buildGraph, type Graph } from "../graph/graph.ts";
import type { OpenFixture } from "./contract-fixture.ts";
import type { ContractCase, ContractOptions } from "./contract-case.ts";
import { eventually, expectThat } from "./expect-that.ts";
import { fakeSource, type FakeSource } from "./fake-components.ts";
import { testDelivery, testEnvironment } from "./test-context.ts";

const BATCHES = 5;
const ITEMS = 3;

interface Rig {
  readonly graph: Graph;
  readonly source: FakeSource;
}

/** Exporters, tried with their real peer in real time. */
export function exporterCases(definition: ExporterDefinition, options: ContractOptions): readonly ContractCase[] {
  return [
    ...definition.signals.map((signal): ContractCase => ({
      name: `delivers everything before shutdown ends and balances its books (${signal})`,
      run: () => delivers(definition, signal, options),
    })),
    { name: "refuses what comes after shutdown", run: () => refusesLateData(definition, options) },
    { name: "can be shut down without having been started", run: () => stopsUnstarted(definition, options) },
  ];
}

function rig(definition: ExporterDefinition, config: Readonly<Record<string, unknown>>): Rig {
  const source = fakeSource();
  const id = definition.type;
  const spec: GraphSpec = {
    receivers: [{ id: "test_source", definition: source.definition, config: {} }],
    processors: [],
    connectors: [],
    exporters: [{ id, definition, config: definition.config.parse(config) }],
    extensions: [],
    pipelines: definition.signals.map((signal) => ({ id: signal, signal, receivers: ["test_source"], processors: [], exporters: [id] })),
  };
  return { source, graph: buildGraph(spec, testEnvironment({ clock: systemClock })) };
}

async function delivers(definition: ExporterDefinition, signal: Signal, options: ContractOptions): Promise<void> {
  await withPeer(definition, options, async (fixture) => {
    const { graph, source } = rig(definition, fixture.config);
    await graph.start();
    const deliveries = Array.from({ length: BATCHES }, () => testDelivery(options.batch(signal, ITEMS)));
    for (const delivery of deliveries) source.push(delivery);
    await graph.shutdown(AbortSignal.timeout(10_000));
    expectThat(
      deliveries.every(({ outcomes }) => outcomes.length === 1),
      "a batch was not settled exactly once",
    );
    const { violations, nodes } = graph.ledger();
    expectThat(violations.length === 0, `the books do not balance: ${violations.join("; ")}`);
    const row = nodes.find((node) => node.kind === "exporter");
    expectThat(
      row !== undefined && row.held === 0 && row.failed === 0 && row.refused === 0,
      `not everything was delivered: ${JSON.stringify(row)}`,
    );
    if (fixture.received === undefined) return;
    const expected = row.delivered;
    await eventually(
      () => fixture.received?.() === expected,
      `the peer has not received the ${expected} items that were booked as delivered`,
    );
  });
}

async function refusesLateData(definition: ExporterDefinition, options: ContractOptions): Promise<void> {
  await withPeer(definition, options, async (fixture) => {
    const { graph, source } = rig(definition, fixture.config);
    await graph.start();
    await graph.shutdown(AbortSignal.timeout(10_000));
    const late = testDelivery(options.batch(definition.signals[0] ?? "logs", ITEMS));
    source.push(late);
    expectThat(late.outcomes.length === 1 && late.outcomes[0]?.kind === "refused", "a batch that came after shutdown was not refused");
    expectThat((fixture.received?.() ?? 0) === 0, "items were sent after shutdown");
  });
}

async function stopsUnstarted(definition: ExporterDefinition, options: ContractOptions): Promise<void> {
  await withPeer(definition, options, async (fixture) => rig(definition, fixture.config).graph.shutdown(AbortSignal.abort()));
}

async function withPeer(
  definition: ExporterDefinition,
  options: ContractOptions,
  run: (fixture: OpenFixture) => Promise<void>,
): Promise<void> {
  const fixture = (await options.fixture?.open()) ?? {
    config: (options.parse(definition.example) ?? {}) as Readonly<Record<string, unknown>>,
    close: () => Promise.resolve(),
  };
  try {
    await run(fixture);
  } finally {
    await fixture.close();
  }
}
