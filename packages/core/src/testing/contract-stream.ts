import { openBatch, type Batch, type Signal } from "@tidemark/otlp";
import type { ConnectorDefinition, ProcessorDefinition } from "../contract/component.ts";
import type { Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { GraphSpec } from "../graph/graph-spec.ts";
import { buildGraph, type Graph } from "../graph/graph.ts";
import type { ContractCase, ContractOptions } from "./contract-case.ts";
import { expectThat } from "./expect-that.ts";
import { fakeSink, fakeSource, type FakeSink, type FakeSource } from "./fake-components.ts";
import { testDelivery, testEnvironment } from "./test-context.ts";
import { settlePromises, VirtualClock } from "./virtual-clock.ts";

const BATCHES = 12;
const ITEMS = 7;
/** Of so many items that their memory is worth giving back. */
const LARGE_BATCHES = 4;
const MANY_ITEMS = 1000;
const HOUR_MS = 3_600_000;

type StreamDefinition = ProcessorDefinition | ConnectorDefinition;

interface Rig {
  readonly clock: VirtualClock;
  readonly graph: Graph;
  readonly source: FakeSource;
  readonly sink: FakeSink;
  readonly outcomes: Outcome[][];
}

/** Processors and connectors, tried between a source and a sink in virtual time, once for each signal they support. */
export function streamCases(definition: StreamDefinition, options: ContractOptions): readonly ContractCase[] {
  const pairs = definition.kind === "connector" ? definition.pairs : definition.signals.map((signal) => [signal, signal] as const);
  return pairs.flatMap(([from, to]) => {
    const borrows = definition.kind === "processor" && definition.borrows === true;
    const label = from === to ? from : `${from} to ${to}`;
    const make = (refuse: boolean): Promise<Rig> => rig(definition, from, to, options, refuse ? refuseAll : () => undefined);
    return [
      {
        name: `settles every batch exactly once and balances its books (${label})`,
        run: async () => keepsPromises(await make(false), from, options),
      },
      { name: `passes a refusal back to the sender (${label})`, run: async () => passesRefusals(await make(true), from, options) },
      {
        name: `empties itself at shutdown and does nothing afterwards (${label})`,
        run: async () => stopsCleanly(await make(false), from, options),
      },
      {
        name: `can be shut down without having been started (${label})`,
        run: async () => (await make(false)).graph.shutdown(AbortSignal.abort()),
      },
      ...(borrows ? [{ name: `only borrows the bytes of batches (${label})`, run: () => onlyBorrows(definition, from, options) }] : []),
    ];
  });
}

function refuseAll(): never {
  throw PipelineError.unavailable("the sink refuses");
}

async function rig(
  definition: StreamDefinition,
  from: Signal,
  to: Signal,
  options: ContractOptions,
  send: (batch: Batch) => void,
  borrows = false,
): Promise<Rig> {
  const source = fakeSource();
  const sink = fakeSink(send);
  const clock = new VirtualClock();
  const id = definition.type;
  const configured = { id, config: definition.config.parse(options.parse(definition.example) ?? {}) };
  const isConnector = definition.kind === "connector";
  const spec: GraphSpec = {
    receivers: [{ id: "test_source", definition: source.definition, config: {} }],
    processors: definition.kind === "processor" ? [{ ...configured, definition }] : [],
    connectors: definition.kind === "connector" ? [{ ...configured, definition }] : [],
    exporters: [{ id: "test_sink", definition: { ...sink.definition, borrows }, config: {} }],
    extensions: [],
    pipelines: isConnector
      ? [
          { id: `${from}/in`, signal: from, receivers: ["test_source"], processors: [], exporters: [id] },
          { id: `${to}/out`, signal: to, receivers: [id], processors: [], exporters: ["test_sink"] },
        ]
      : [{ id: from, signal: from, receivers: ["test_source"], processors: [id], exporters: ["test_sink"] }],
  };
  return { clock, source, sink, outcomes: [], graph: buildGraph(spec, testEnvironment({ clock })) };
}

async function pushAll(rig: Rig, signal: Signal, options: ContractOptions): Promise<void> {
  for (let index = 0; index < BATCHES; index++) {
    const delivery = testDelivery(options.batch(signal, ITEMS));
    rig.outcomes.push(delivery.outcomes);
    rig.source.push(delivery);
    await settlePromises();
  }
}

function expectBalanced(rig: Rig): void {
  const { violations, nodes } = rig.graph.ledger();
  expectThat(violations.length === 0, `the books do not balance: ${violations.join("; ")}`);
  const held = nodes.filter((node) => node.held !== 0).map((node) => `${node.key} holds ${node.held}`);
  expectThat(held.length === 0, `items are still held: ${held.join(", ")}`);
}

function expectSettledOnce(rig: Rig): void {
  const wrong = rig.outcomes.filter((outcomes) => outcomes.length !== 1).length;
  expectThat(wrong === 0, `${wrong} of ${rig.outcomes.length} batches were not settled exactly once`);
}

async function keepsPromises(rig: Rig, signal: Signal, options: ContractOptions): Promise<void> {
  await rig.graph.start();
  await pushAll(rig, signal, options);
  expectThat(
    rig.graph.ledger().violations.length === 0,
    `the books do not balance while running: ${rig.graph.ledger().violations.join("; ")}`,
  );
  await rig.clock.advance(HOUR_MS);
  expectSettledOnce(rig);
  expectBalanced(rig);
  await rig.graph.shutdown(AbortSignal.abort());
}

async function passesRefusals(rig: Rig, signal: Signal, options: ContractOptions): Promise<void> {
  await rig.graph.start();
  await pushAll(rig, signal, options);
  await rig.clock.advance(HOUR_MS);
  expectSettledOnce(rig);
  const hidden = rig.outcomes.flat().filter((outcome) => outcome.kind === "delivered" || outcome.kind === "failed");
  expectThat(hidden.length === 0, `${hidden.length} batches were answered ${hidden[0]?.kind ?? ""} although the sink refused them`);
  await rig.graph.shutdown(AbortSignal.abort());
}

/** Whether what was sent is given back or not, the same must come out. */
async function onlyBorrows(definition: StreamDefinition, signal: Signal, options: ContractOptions): Promise<void> {
  const kept = await sentBy(definition, signal, options, false);
  const released = await sentBy(definition, signal, options, true);
  expectThat(kept.left === LARGE_BATCHES && released.left === 0, `${released.left} of ${LARGE_BATCHES} batches were not given back`);
  expectThat(
    Buffer.concat(kept.sent).equals(Buffer.concat(released.sent)),
    "other bytes came out when those of earlier batches had been given back; take `borrows` out of the definition",
  );
}

/** The bytes that come out, and how many of the received batches are still in memory then. */
async function sentBy(
  definition: StreamDefinition,
  signal: Signal,
  options: ContractOptions,
  owned: boolean,
): Promise<{ readonly sent: readonly Uint8Array[]; readonly left: number }> {
  const sent: Uint8Array[] = [];
  const { graph, source, clock } = await rig(definition, signal, signal, options, (batch) => void sent.push(batch.encode().slice()), true);
  const body = options.batch(signal, MANY_ITEMS).encode();
  const bodies = Array.from({ length: LARGE_BATCHES }, () => body.slice());
  await graph.start();
  for (const bytes of bodies) {
    source.push(testDelivery(openBatch(signal, bytes, { owned })));
    await clock.advance(HOUR_MS);
  }
  await graph.shutdown(AbortSignal.abort());
  return { sent, left: bodies.filter((bytes) => bytes.buffer.byteLength > 0).length };
}

async function stopsCleanly(rig: Rig, signal: Signal, options: ContractOptions): Promise<void> {
  await rig.graph.start();
  await pushAll(rig, signal, options);
  const deadline = new AbortController();
  const stopped = rig.graph.shutdown(deadline.signal);
  await rig.clock.advance(HOUR_MS);
  await stopped;
  expectSettledOnce(rig);
  expectBalanced(rig);
  const before = rig.sink.items();
  const late = testDelivery(options.batch(signal, ITEMS));
  rig.source.push(late);
  await rig.clock.advance(HOUR_MS);
  expectThat(rig.sink.items() === before, "items were handed on after shutdown");
  expectThat(late.outcomes.length === 1 && late.outcomes[0]?.kind === "refused", "a batch that came after shutdown was not refused");
  expectThat(rig.clock.pending === 0, `${rig.clock.pending} timers are still running after shutdown`);
}
