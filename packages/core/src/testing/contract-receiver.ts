import { systemClock } from "../clock/system-clock.ts";
import type { ReceiverDefinition } from "../contract/component.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { GraphSpec } from "../graph/graph-spec.ts";
import { buildGraph, type Graph } from "../graph/graph.ts";
import type { OpenFixture } from "./contract-fixture.ts";
import type { ContractCase, ContractOptions } from "./contract-case.ts";
import { expectThat } from "./expect-that.ts";
import { fakeSink, type FakeSink } from "./fake-components.ts";
import { testEnvironment } from "./test-context.ts";

const ITEMS = 9;
/** For receivers that make data of their own: how long it may take to come, and how long nothing may come after shutdown. */
const PATIENCE_MS = 5000;
const QUIET_MS = 50;
const LOOK_MS = 5;

interface Rig {
  readonly graph: Graph;
  readonly sink: FakeSink;
  readonly fixture: OpenFixture;
}

/** Receivers, tried by a real client in real time; those that make data of their own, without one. */
export function receiverCases(definition: ReceiverDefinition, options: ContractOptions): readonly ContractCase[] {
  const answers = (name: string, error: PipelineError | undefined, expected: "accepted" | "retryable" | "permanent"): ContractCase => ({
    name,
    run: () => withReceiver(definition, options, error, (rig) => expectAnswer(rig, expected)),
  });
  const emits = (name: string, error: PipelineError | undefined): ContractCase => ({
    name,
    run: () => withReceiver(definition, options, error, expectOwnData),
  });
  if (options.fixture?.makesOwnData === true)
    return [
      emits("sends data of its own", undefined),
      emits("goes on when the pipeline refuses", PipelineError.unavailable("no room")),
      emits("goes on when the pipeline fails", PipelineError.invalid("never")),
    ];
  return [
    answers("answers accepted when the data was delivered", undefined, "accepted"),
    answers("answers retryable when the pipeline refuses", PipelineError.unavailable("no room"), "retryable"),
    answers("answers permanent when the pipeline fails", PipelineError.invalid("never"), "permanent"),
    { name: "takes nothing after shutdown", run: () => withReceiver(definition, options, undefined, expectSilence) },
  ];
}

async function withReceiver(
  definition: ReceiverDefinition,
  options: ContractOptions,
  error: PipelineError | undefined,
  run: (rig: Rig) => Promise<void>,
): Promise<void> {
  expectThat(options.fixture !== undefined, "a receiver needs a contract-fixture.ts in its folder");
  const fixture = await options.fixture.open();
  const sink = fakeSink(() => {
    if (error !== undefined) throw error;
  });
  const id = definition.type;
  const spec: GraphSpec = {
    receivers: [{ id, definition, config: definition.config.parse(fixture.config) }],
    processors: [],
    connectors: [],
    exporters: [{ id: "test_sink", definition: sink.definition, config: {} }],
    extensions: [],
    pipelines: definition.signals.map((signal) => ({ id: signal, signal, receivers: [id], processors: [], exporters: ["test_sink"] })),
  };
  const graph = buildGraph(spec, testEnvironment({ clock: systemClock }));
  try {
    await graph.start();
    await run({ graph, sink, fixture });
  } finally {
    await graph.shutdown(AbortSignal.timeout(2000));
    await fixture.close();
  }
}

async function expectAnswer({ graph, sink, fixture }: Rig, expected: "accepted" | "retryable" | "permanent"): Promise<void> {
  const answer = await fixture.send?.(ITEMS);
  expectThat(answer === expected, `the client saw "${String(answer)}" instead of "${expected}"`);
  const arrived = sink.items();
  expectThat(arrived === (expected === "accepted" ? ITEMS : 0), `${arrived} items arrived`);
  const { violations } = graph.ledger();
  expectThat(violations.length === 0, `the books do not balance: ${violations.join("; ")}`);
}

async function expectOwnData({ graph }: Rig): Promise<void> {
  const received = (): number => graph.ledger().nodes.reduce((sum, node) => sum + (node.kind === "receiver" ? node.received : 0), 0);
  for (const giveUpAt = systemClock.now() + PATIENCE_MS; received() < 2 && systemClock.now() < giveUpAt;) await pause(LOOK_MS);
  expectThat(received() >= 2, `${received()} items came within ${PATIENCE_MS} ms`);
  const { violations } = graph.ledger();
  expectThat(violations.length === 0, `the books do not balance: ${violations.join("; ")}`);
  await graph.shutdown(AbortSignal.timeout(2000));
  const last = received();
  await pause(QUIET_MS);
  expectThat(received() === last, "data came after shutdown");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimeout(resolve, ms));
}

async function expectSilence({ graph, sink, fixture }: Rig): Promise<void> {
  await graph.shutdown(AbortSignal.timeout(2000));
  const answer = await fixture.send?.(ITEMS).catch(() => "retryable" as const);
  expectThat(answer !== "accepted", "data was accepted after shutdown");
  expectThat(sink.items() === 0, "items arrived after shutdown");
}
