import { batchProcessor } from "@tidemark/components/processors/batch";
import {
  buildGraph,
  createSettlement,
  StateStore,
  type Exporter,
  type Graph,
  type GraphSpec,
  type Outcome,
  type Random,
  type ReceiverDefinition,
  type Storage,
} from "@tidemark/core";
import { fakeSink, fakeSource, recordingLogger, testEnvironment, type FakeSource } from "@tidemark/core/testing";
import { batchOf, type SimRequest } from "./items.ts";
import type { Configuration } from "./scenario.ts";
import type { SimClock } from "./sim-clock.ts";
import type { Trace } from "./trace.ts";

/** What a process runs on. */
export interface ProcessOptions {
  readonly clock: SimClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly storage: Storage;
  /** `consumers`: most sends at a time. */
  readonly exporter: (consumers: number, isAlive: () => boolean) => Exporter;
  /** Hears of each line of the log. */
  readonly logged: (message: string) => void;
}

/** Key under which the exporter keeps its queue. */
export const OWNER = "exporter/sim_sink";

const SIGNALS = ["traces", "logs"] as const;

/** One life of the collector: a receiver, perhaps a batch processor, the real exporter node with all that belongs to it, and a storage. */
export class SimulatedProcess {
  readonly graph: Graph;
  readonly #options: ProcessOptions;
  readonly #clock: ReturnType<SimClock["ofProcess"]>;
  readonly #receiver: ReceiverDefinition;
  /** Where requests go: into the receiver that was started last. */
  #door = new Door();
  #isAlive = true;

  constructor(options: ProcessOptions, configuration: Configuration) {
    const { clock, random, trace, logged } = options;
    this.#options = options;
    this.#clock = clock.ofProcess();
    this.#receiver = this.#makeReceiver();
    const log = (level: string, message: string, fields = {}): void => {
      logged(message);
      trace(() => `${level}: ${message} ${JSON.stringify(fields)}`);
    };
    this.graph = buildGraph(this.#spec(configuration), {
      ...testEnvironment({ clock: this.#clock }),
      random,
      states: new StateStore(),
      logger: () => ({
        ...recordingLogger([]),
        info: (message, fields) => log("info", message, fields),
        warn: (message, fields) => log("warn", message, fields),
        error: (message, fields) => log("error", message, fields),
      }),
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Takes over another configuration; resolves with false when that failed. */
  reload(configuration: Configuration, drainMs: number): Promise<boolean> {
    return this.graph.reload(this.#spec(configuration), drainMs).then(
      () => true,
      (error: unknown) => {
        this.#options.trace(() => `the reload failed: ${String(error)}`);
        return false;
      },
    );
  }

  /** Says what a reload would do, and does nothing. */
  plan(configuration: Configuration): void {
    this.graph.plan(this.#spec(configuration));
  }

  /** Hands a request in; `answered` is called at most once, and never after the process died. */
  push(request: SimRequest, metadata: ReadonlyMap<string, readonly string[]>, answered: (outcome: Outcome) => void): void {
    const door = this.#door;
    door.open += 1;
    const settlement = createSettlement((outcome) => {
      door.closed();
      if (this.#isAlive) answered(outcome);
    });
    door.source.push({ batch: batchOf(request), settlement, context: { receivedAt: this.#clock.now(), transport: "sim", metadata } });
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

  #spec({ exporter: config, consumers, batch, receiver, fails, isAway }: Configuration): GraphSpec {
    const { storage, exporter } = this.#options;
    const sink = fakeSink().definition;
    const create = (): Exporter => ({
      ...exporter(isAway ? Number.POSITIVE_INFINITY : consumers, () => this.#isAlive),
      start() {
        if (fails) throw new Error("the exporter cannot start");
      },
    });
    const id = isAway ? "sim_bypass" : "sim_sink";
    const processors = batch === undefined ? [] : [{ id: "batch", definition: batchProcessor, config: batch }];
    return {
      receivers: [{ id: "sim_source", definition: this.#receiver, config: { receiver } }],
      processors,
      connectors: [],
      exporters: [
        { id, definition: { ...sink, create }, config: { ...config, ...(isAway ? { sending_queue: { enabled: false } } : {}), fails } },
      ],
      extensions: [{ id: "sim_storage", config: {}, definition: storageDefinition(storage, sink.config) }],
      pipelines: SIGNALS.map((signal) => ({
        id: signal,
        signal,
        receivers: ["sim_source"],
        processors: processors.map(({ id }) => id),
        exporters: [id],
      })),
    };
  }

  #makeReceiver(): ReceiverDefinition {
    return {
      ...fakeSource().definition,
      create: (config, context) => {
        const door = new Door();
        return {
          ...door.source.definition.create(config, context),
          start: () => void (this.#door = door),
          shutdown: (deadline) => door.empty(deadline),
        };
      },
    };
  }
}

const storageDefinitions = new WeakMap<Storage, GraphSpec["extensions"][number]["definition"]>();

/** One definition for each storage: two would be two types of extension, and a reload would begin anew. */
function storageDefinition(
  storage: Storage,
  config: GraphSpec["extensions"][number]["definition"]["config"],
): GraphSpec["extensions"][number]["definition"] {
  const known = storageDefinitions.get(storage);
  if (known !== undefined) return known;
  const made = {
    kind: "extension",
    type: "sim_storage",
    stability: "development",
    summary: "A simulated disk.",
    config,
    example: "{}",
    create: () => ({ storage }),
  } as const;
  storageDefinitions.set(storage, made);
  return made;
}

/** A receiver's connections: it ends when all who came in have their answers, or when there is no time left. */
class Door {
  readonly source: FakeSource = fakeSource();
  open = 0;
  #emptied: (() => void) | undefined;

  closed(): void {
    this.open -= 1;
    if (this.open === 0) this.#emptied?.();
  }

  empty(deadline: AbortSignal): Promise<void> {
    if (this.open === 0 || deadline.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
      deadline.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}
