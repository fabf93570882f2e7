import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../clock/system-clock.ts";
import { defineProcessor } from "../contract/define.ts";
import type { Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { GraphSpec } from "../graph/graph-spec.ts";
import { buildGraph, type Graph } from "../graph/graph.ts";
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { fakeSink, fakeSource, type FakeSink, type FakeSource } from "../testing/fake-components.ts";
import { recordingLogger, testDelivery, testEnvironment } from "../testing/test-context.ts";
import { BY_TRACE } from "./partitions.ts";
import { SocketExchange } from "./socket-exchange.ts";

interface TestWorker {
  readonly exchange: SocketExchange;
  readonly graph: Graph;
  readonly source: FakeSource;
  readonly sink: FakeSink;
  /** Trace ids that the node with memory has seen here, one for each span. */
  readonly seen: string[];
}

interface WorkerOptions {
  readonly refuse?: PipelineError;
  /** Sends end with it. */
  readonly answer?: Promise<void>;
  readonly maxReceivedBytes?: number;
}

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "exchange-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startWorkers(count: number, options: WorkerOptions = {}, folder?: string): Promise<TestWorker[]> {
  const sockets = folder ?? (await newFolder());
  return Promise.all(Array.from({ length: count }, (_, index) => startWorker(index, count, sockets, options)));
}

async function startWorker(index: number, count: number, folder: string, options: WorkerOptions = {}): Promise<TestWorker> {
  const worker = makeWorker(index, count, folder, options);
  await worker.exchange.start();
  await worker.graph.start();
  cleanups.push(() => stopWorker(worker));
  return worker;
}

async function stopWorker({ graph, exchange }: TestWorker): Promise<void> {
  await graph.shutdown(AbortSignal.abort());
  await exchange.close();
}

function makeWorker(index: number, count: number, folder: string, { refuse, answer, maxReceivedBytes }: WorkerOptions): TestWorker {
  const seen: string[] = [];
  const source = fakeSource();
  const sink = fakeSink(() => {
    if (refuse !== undefined) throw refuse;
    return answer;
  });
  const socketPath = (worker: number): string => join(folder, `${worker}.sock`);
  const exchange = new SocketExchange({
    slot: { index, count },
    socketPath,
    clock: systemClock,
    log: recordingLogger([]),
    ...(maxReceivedBytes === undefined ? {} : { maxReceivedBytes }),
  });
  const memory = defineProcessor({
    type: "memory",
    stability: "development",
    summary: "A test.",
    config: z.looseObject({}),
    example: "{}",
    signals: ["traces"],
    partition: () => BY_TRACE,
    create: (_config, context) => ({
      start: () => context.peers.answer((question) => ({ worker: context.worker.index, question })),
      process(batch) {
        if (batch.signal === "traces") for (const spans = batch.items(); spans.next();) seen.push(spans.traceId);
        return batch;
      },
    }),
  });
  const spec: GraphSpec = {
    receivers: [{ id: "source", definition: source.definition, config: {} }],
    processors: [{ id: "memory", definition: memory, config: {} }],
    connectors: [],
    extensions: [],
    exporters: [{ id: "sink", definition: sink.definition, config: {} }],
    pipelines: [{ id: "traces", signal: "traces", receivers: ["source"], processors: ["memory"], exporters: ["sink"] }],
  };
  const graph = buildGraph(spec, { ...testEnvironment({ clock: systemClock }), exchange });
  return { exchange, graph, source, sink, seen };
}

const TRACES = 40;
const traceId = (trace: number): string => (0x1000 + trace).toString(16).padStart(32, "0");

/** One span of every trace. */
function oneOfEach(): Batch {
  return traces({ spans: Array.from({ length: TRACES }, (_, trace) => ({ traceId: traceId(trace) })) });
}

function outcomeOf(worker: TestWorker, batch: Batch): Promise<Outcome> {
  return new Promise((resolve) => worker.source.push({ ...testDelivery(batch), settlement: createSettlement(resolve) }));
}

describe("the exchange between workers", () => {
  it("brings all spans of a trace to one worker, wherever they came in", async () => {
    const workers = await startWorkers(3);
    const outcomes = await Promise.all(workers.map((worker) => outcomeOf(worker, oneOfEach())));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["delivered", "delivered", "delivered"]);
    for (const { seen } of workers) expect(new Set(seen).size).toBeGreaterThan(TRACES / 10);
    for (let trace = 0; trace < TRACES; trace++) {
      const counts = workers.map(({ seen }) => seen.filter((id) => id === traceId(trace)).length);
      expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, 3]);
    }
    expect(workers.flatMap(({ graph }) => graph.ledger().violations)).toEqual([]);
    const sum = (pick: (node: LedgerSnapshot["nodes"][number]) => number, kind: string): number =>
      workers
        .flatMap(({ graph }) => graph.ledger().nodes.filter((node) => node.kind === kind))
        .reduce((total, node) => total + pick(node), 0);
    expect(sum((node) => node.received, "receiver")).toBe(3 * TRACES);
    expect(sum((node) => node.delivered, "exporter")).toBe(3 * TRACES);
    // What one handed over, another took in beside what its own receiver gave it.
    expect(sum((node) => node.received, "exchange")).toBe(3 * TRACES + sum((node) => node.delivered, "exchange"));
  });

  it("gives the sender the refusal of the worker that owns a part", async () => {
    const [first] = await startWorkers(2, { refuse: PipelineError.unavailable("the sink refuses", 70) });
    const outcome = await outcomeOf(first!, oneOfEach());
    expect(outcome).toMatchObject({ kind: "refused", error: { message: "the sink refuses", retryAfterMs: 70, retryable: true } });
  });

  it("refuses what a dead worker owns, and serves the rest; a successor in its place takes over", async () => {
    const folder = await newFolder();
    const [first, second] = await startWorkers(2, {}, folder);
    await stopWorker(second!);
    const outcome = await outcomeOf(first!, oneOfEach());
    expect(outcome).toMatchObject({ kind: "refused", error: { code: "unavailable", retryable: true } });
    const own = first!.seen.length;
    expect(own).toBeGreaterThan(0);
    const exchange = first!.graph.ledger().nodes.find(({ kind }) => kind === "exchange");
    expect(exchange).toMatchObject({ received: TRACES, passed: own, refused: TRACES - own, delivered: 0, missing: 0 });
    expect(first!.graph.ledger().violations).toEqual([]);
    const successor = await startWorker(1, 2, folder);
    // After a failure nothing is tried for a moment.
    await expect.poll(async () => (await outcomeOf(first!, oneOfEach())).kind).toBe("delivered");
    expect(new Set(successor.seen).size).toBe(TRACES - own);
  });

  it("refuses what a worker had taken and not answered for when it died, and hears nothing of it any more", async () => {
    const folder = await newFolder();
    const first = await startWorker(0, 2, folder);
    const late = Promise.withResolvers<void>();
    const second = await startWorker(1, 2, folder, { answer: late.promise });
    const outcome = outcomeOf(first, oneOfEach());
    await expect.poll(() => second.seen.length).toBeGreaterThan(0);
    const own = first.seen.length;
    const books = (): unknown => first.graph.ledger().nodes.find(({ kind }) => kind === "exchange");
    expect(books()).toMatchObject({ passed: own, held: TRACES - own, missing: 0 });
    await second.exchange.close();
    expect(await outcome).toMatchObject({ kind: "refused", error: { code: "unavailable", retryable: true } });
    late.resolve();
    await expect.poll(() => second.sink.items()).toBe(TRACES - own);
    expect(books()).toMatchObject({ passed: own, refused: TRACES - own, delivered: 0, held: 0, missing: 0 });
    expect([first, second].flatMap(({ graph }) => graph.ledger().violations)).toEqual([]);
  });

  it("turns away what is over the budget of the receiving worker, but takes a single part of any size", async () => {
    const [first] = await startWorkers(2, { maxReceivedBytes: 1 });
    expect((await outcomeOf(first!, oneOfEach())).kind).toBe("delivered");
    const both = await Promise.all([outcomeOf(first!, oneOfEach()), outcomeOf(first!, oneOfEach())]);
    const refused = both.filter(({ kind }) => kind === "refused");
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ error: { code: "resource_exhausted", retryable: true } });
  });

  it("lets a component ask its twins", async () => {
    const [first] = await startWorkers(3);
    const answers = await first!.exchange.peers("processor/memory@traces").ask({ wanted: 7 });
    expect(answers).toEqual([
      { worker: 1, question: { wanted: 7 } },
      { worker: 2, question: { wanted: 7 } },
    ]);
  });
});
