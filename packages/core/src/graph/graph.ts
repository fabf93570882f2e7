import type { Timer } from "../contract/clock.ts";
import type { Host, Lifecycle, NodeHealth } from "../contract/component.ts";
import type { ReloadReport } from "../contract/reload.ts";
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import type { GraphEnvironment } from "./environment.ts";
import { GraphBuilder, type GraphParts, type Running } from "./graph-builder.ts";
import { observeGraph } from "./graph-metrics.ts";
import type { GraphSpec } from "./graph-spec.ts";
import { ProgressWatch } from "./progress.ts";

const HEALTH_INTERVAL_MS = 5000;
const NO_SOURCE: ReloadReport = {
  result: "failed",
  message: "this collector was not started from a configuration that can be read again",
  nodes: [],
  durationMs: 0,
};

/** A running stream graph. */
export interface Graph {
  /** Extensions, then exporters, processors, receivers. Rejects, with everything stopped again, when one cannot start. */
  start(): Promise<void>;
  /** Receivers first, then each node empties itself towards the exporters. After the deadline what is left is given up and counted. */
  shutdown(deadline: AbortSignal): Promise<void>;
  health(): ReturnType<Host["health"]>;
  ledger(): LedgerSnapshot;
}

/**
 * Builds a graph; nothing runs before `start`.
 * @throws GraphError for references that lead nowhere; whatever a component's `create` throws.
 */
export function buildGraph(spec: GraphSpec, environment: GraphEnvironment): Graph {
  return new StreamGraph(spec, environment);
}

class StreamGraph implements Graph {
  readonly #environment: GraphEnvironment;
  readonly #builder: GraphBuilder;
  readonly #parts: GraphParts;
  readonly #progress: ProgressWatch;
  readonly #started: Running<Lifecycle>[] = [];
  readonly #unobserve: () => void;
  #startedAt: number | undefined;
  #healthTimer: Timer | undefined;
  #nodes: readonly NodeHealth[] = [];

  constructor(spec: GraphSpec, environment: GraphEnvironment) {
    this.#environment = environment;
    this.#builder = new GraphBuilder(spec, environment, {
      health: () => this.health(),
      ledger: () => this.ledger(),
      reload: async () => NO_SOURCE,
      ...environment.host,
    });
    this.#parts = this.#builder.build();
    this.#progress = new ProgressWatch(this.#builder.ledger, environment.clock);
    this.#unobserve = observeGraph(environment.meter, this.#builder.ledger, this.#parts);
  }

  async start(): Promise<void> {
    const { extensions, exporters, chains, receivers } = this.#parts;
    const processors = chains.toReversed().flatMap((chain) => chain.components.toReversed());
    const senders = exporters.map(({ key, id, node }) => ({ key, id, component: node }));
    for (const running of [...extensions, ...senders, ...processors, ...receivers]) await this.#startOne(running);
    this.#startedAt = this.#environment.clock.now();
    this.#watch();
    for (const { component } of extensions) component.ready?.();
  }

  async #startOne(running: Running<Lifecycle>): Promise<void> {
    this.#started.push(running);
    try {
      await running.component.start?.();
    } catch (caught) {
      await this.shutdown(AbortSignal.abort());
      const [kind] = running.key.split("/");
      throw new Error(`failed to start "${running.id}" ${kind ?? ""}: ${caught instanceof Error ? caught.message : String(caught)}`, {
        cause: caught,
      });
    }
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#healthTimer?.cancel();
    if (this.#startedAt !== undefined) for (const { component } of this.#parts.extensions) component.notReady?.();
    this.#startedAt = undefined;
    const { receivers, chains, exporters, extensions } = this.#parts;
    await Promise.all(receivers.map((running) => this.#stopOne(running, deadline)));
    await this.#environment.sendersStopped?.(deadline);
    for (const chain of chains) {
      for (const running of chain.components) await this.#stopOne(running, deadline);
      chain.entry.close();
    }
    await Promise.all(exporters.map(({ key, id, node }) => this.#stopOne({ key, id, component: node }, deadline)));
    for (const running of extensions.toReversed()) await this.#stopOne(running, deadline);
    this.#unobserve();
  }

  /** Components that were never started are stopped too: `create` may already hold something. */
  async #stopOne(running: Running<Lifecycle>, deadline: AbortSignal): Promise<void> {
    try {
      await running.component.shutdown?.(deadline);
    } catch (caught) {
      this.#environment
        .logger(running.key)
        .error("The component did not shut down cleanly.", { error: caught instanceof Error ? caught.message : String(caught) });
    }
  }

  health(): ReturnType<Host["health"]> {
    return { ready: this.#startedAt !== undefined, startedAt: this.#startedAt, nodes: this.#nodes };
  }

  ledger(): LedgerSnapshot {
    return this.#builder.ledger.snapshot();
  }

  #watch(): void {
    this.#nodes = this.#progress.check();
    this.#healthTimer = this.#environment.clock.setTimeout(() => this.#watch(), HEALTH_INTERVAL_MS);
  }
}
