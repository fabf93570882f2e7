import {
  buildGraph,
  createSettlement,
  StateStore,
  type Exporter,
  type Graph,
  type Outcome,
  type Random,
  type Storage,
} from "@tidemark/core";
import { fakeSink, fakeSource, recordingLogger, testEnvironment, type FakeSource } from "@tidemark/core/testing";
import { batchOf, type SimRequest } from "./items.ts";
import type { SimClock } from "./sim-clock.ts";
import type { Trace } from "./trace.ts";

/** What a process runs on. */
export interface ProcessOptions {
  readonly clock: SimClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly config: Readonly<Record<string, unknown>>;
  readonly storage: Storage;
  readonly exporter: (isAlive: () => boolean) => Exporter;
}

/** Key under which the exporter keeps its queue. */
export const OWNER = "exporter/sim_sink";

/** One life of the collector: a receiver, the real exporter node with all that belongs to it, and a storage. */
export class SimulatedProcess {
  readonly graph: Graph;
  readonly #source: FakeSource;
  readonly #clock: ReturnType<SimClock["ofProcess"]>;
  #isAlive = true;

  constructor({ clock, random, trace, config, storage, exporter }: ProcessOptions) {
    this.#clock = clock.ofProcess();
    this.#source = fakeSource();
    const sink = fakeSink().definition;
    const { config: anything } = sink;
    const log = (level: string, message: string, fields = {}): void => trace(() => `${level}: ${message} ${JSON.stringify(fields)}`);
    this.graph = buildGraph(
      {
        receivers: [{ id: "test_source", definition: this.#source.definition, config: {} }],
        processors: [],
        connectors: [],
        exporters: [{ id: "sim_sink", definition: { ...sink, create: () => exporter(() => this.#isAlive) }, config }],
        extensions: [
          {
            id: "sim_storage",
            config: {},
            definition: {
              kind: "extension",
              type: "sim_storage",
              stability: "development",
              summary: "A simulated disk.",
              config: anything,
              example: "{}",
              create: () => ({ storage }),
            },
          },
        ],
        pipelines: [{ id: "traces", signal: "traces", receivers: ["test_source"], processors: [], exporters: ["sim_sink"] }],
      },
      {
        ...testEnvironment({ clock: this.#clock }),
        random,
        states: new StateStore(),
        logger: () => ({
          ...recordingLogger([]),
          info: (message, fields) => log("info", message, fields),
          warn: (message, fields) => log("warn", message, fields),
          error: (message, fields) => log("error", message, fields),
        }),
      },
    );
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Hands a request in; `answered` is called at most once, and never after the process died. */
  push(request: SimRequest, metadata: ReadonlyMap<string, readonly string[]>, answered: (outcome: Outcome) => void): void {
    const settlement = createSettlement((outcome) => {
      if (this.#isAlive) answered(outcome);
    });
    this.#source.push({ batch: batchOf(request), settlement, context: { receivedAt: this.#clock.now(), transport: "sim", metadata } });
  }

  /** Power off: nothing of it runs on. */
  crash(): void {
    this.#isAlive = false;
    this.#clock.kill();
  }

  /** Stops as SIGTERM does, and is dead afterwards. */
  async stop(deadline: AbortSignal): Promise<void> {
    await this.graph.shutdown(deadline);
    this.crash();
  }
}
