import { endedOrAborted } from "../clock/ended-or-aborted.ts";
import type { Timer } from "../contract/clock.ts";
import type { Host } from "../contract/component.ts";
import type { NodeHealth } from "../contract/health.ts";
import type { NodeChange, PlanReport, ReloadReport } from "../contract/reload.ts";
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import type { GraphEnvironment } from "./environment.ts";
import { buildOn, endMemory, type BuiltGraph, type Ground } from "./build-on.ts";
import { changesOf } from "./graph-changes.ts";
import { observeGraph } from "./graph-metrics.ts";
import { booksOf, without } from "./graph-parts.ts";
import type { GraphSpec } from "./graph-spec.ts";
import { ProgressWatch } from "./progress.ts";
import type { LeavingQueue } from "./leaving-queue.ts";
import { replaceGraph } from "./replace-graph.ts";
import { SharedBooks } from "./shared-books.ts";
import { SharedObjects } from "./shared-objects.ts";
import { SpecDiff } from "./spec-diff.ts";
import { startExchanges, startParts } from "./start-graph.ts";
import { stopParts } from "./stop-graph.ts";
import { Takeover } from "./takeover.ts";
import { topologyOf } from "./topology.ts";
import { TroubleList } from "./trouble-list.ts";

const HEALTH_INTERVAL_MS = 1000;
const NO_SOURCE: ReloadReport = {
  result: "failed",
  message: "this collector was not started from a configuration that can be read again",
  nodes: [],
  durationMs: 0,
};
const NO_PLAN: PlanReport = { result: "failed", nodes: [], telemetryChanged: false, mistakes: [] };

/** A running stream graph. */
export interface Graph {
  /** Extensions, then exporters, processors, receivers. Rejects, with everything stopped again, when one cannot start. */
  start(): Promise<void>;
  /**
   * Takes over another specification while it runs. Components that are equal in both go on: receivers with their connections,
   * exporters with their queues. What is not there any more gets `drainMs` to empty itself, beside the new graph. Resolves when the new graph has taken
   * over, with what became of each node; none when nothing has changed.
   * @throws Error when the new graph cannot be built or started: this one runs on as it was.
   */
  reload(spec: GraphSpec, drainMs: number): Promise<readonly NodeChange[]>;
  /** What `reload` would do to each node. Builds the new graph and starts nothing. Throws as `reload` does. */
  plan(spec: GraphSpec): readonly NodeChange[];
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
  readonly #ground: Ground;
  readonly #progress: ProgressWatch;
  readonly #unobserve: () => void;
  /** Parts of earlier graphs that still empty themselves; each aborts with the shutdown. */
  readonly #draining = new Set<Promise<void>>();
  readonly #leaving = new Map<string, LeavingQueue>();
  readonly #hurry = new AbortController();
  #built: BuiltGraph;
  #reloading: Promise<unknown> = Promise.resolve();
  #startedAt: number | undefined;
  #healthTimer: Timer | undefined;
  #nodes: readonly NodeHealth[] = [];

  constructor(spec: GraphSpec, environment: GraphEnvironment) {
    this.#environment = environment;
    const books = new SharedBooks();
    const host: Host = {
      health: () => this.health(),
      ledger: () => this.ledger(),
      reload: async () => NO_SOURCE,
      lastReload: () => undefined,
      plan: async () => NO_PLAN,
      topology: () => topologyOf(this.#built.spec),
      ...environment.host,
    };
    this.#ground = { environment, host, books, shared: new SharedObjects(environment), troubles: new TroubleList(environment.clock) };
    this.#built = buildOn(this.#ground, spec, undefined);
    this.#progress = new ProgressWatch(books.ledger, environment.clock, this.#ground.troubles);
    this.#unobserve = observeGraph(environment.meter, books.ledger, () => this.#built.parts);
  }

  async start(): Promise<void> {
    const { parts } = this.#built;
    try {
      await startParts(parts, new Takeover([], this.#environment, this.#hurry.signal));
      startExchanges(parts);
    } catch (caught) {
      await this.shutdown(AbortSignal.abort());
      throw caught;
    }
    this.#startedAt = this.#environment.clock.now();
    this.#watch();
    for (const { component } of parts.extensions) component.ready?.();
  }

  reload(spec: GraphSpec, drainMs: number): Promise<readonly NodeChange[]> {
    const turn = this.#reloading.then(() => this.#reload(spec, drainMs));
    this.#reloading = turn.catch(() => undefined);
    return turn;
  }

  async #reload(spec: GraphSpec, drainMs: number): Promise<readonly NodeChange[]> {
    if (this.#startedAt === undefined) throw new Error("the pipelines do not run");
    const before = this.#built;
    if (new SpecDiff(before.spec, spec).isEqual) return [];
    const after = buildOn(this.#ground, spec, before);
    const changes = changesOf(before, after);
    const earlier = Promise.all(this.#draining);
    const swap = (): void => {
      after.connect();
      this.#built = after;
    };
    const { drained } = await replaceGraph(this.#ground, before, after, {
      drainMs,
      hurry: this.#hurry.signal,
      earlier,
      leaving: this.#leaving,
      swap,
    });
    const draining = drained.then(() => {
      endMemory(this.#environment.states, before.memory, this.#built.memory);
      this.#draining.delete(draining);
    });
    this.#draining.add(draining);
    return changes;
  }

  plan(spec: GraphSpec): readonly NodeChange[] {
    const after = buildOn(this.#ground, spec, this.#built);
    const changes = changesOf(this.#built, after);
    const made = without(after.parts, this.#built.parts);
    void stopParts(made, this.#environment, { deadline: AbortSignal.abort() });
    this.#ground.books.ledger.close(booksOf(made));
    return changes;
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await endedOrAborted(this.#reloading, deadline);
    this.#healthTimer?.cancel();
    const { parts } = this.#built;
    if (this.#startedAt !== undefined) for (const { component } of parts.extensions) component.notReady?.();
    this.#startedAt = undefined;
    const hurry = (): void => this.#hurry.abort(deadline.reason);
    if (deadline.aborted) hurry();
    else deadline.addEventListener("abort", hurry, { once: true });
    const receiversStopped = async (): Promise<void> => {
      await this.#environment.sendersStopped?.(deadline);
      await Promise.all(this.#draining);
    };
    await stopParts(parts, this.#environment, { deadline, receiversStopped });
    deadline.removeEventListener("abort", hurry);
    this.#unobserve();
  }

  health(): ReturnType<Host["health"]> {
    // Of this moment, so that it agrees with the books that are read beside it.
    if (this.#startedAt !== undefined) this.#nodes = this.#progress.check();
    return { ready: this.#startedAt !== undefined, startedAt: this.#startedAt, nodes: this.#nodes };
  }

  ledger(): LedgerSnapshot {
    return this.#ground.books.ledger.snapshot();
  }

  #watch(): void {
    this.#nodes = this.#progress.check();
    this.#healthTimer = this.#environment.clock.setTimeout(() => this.#watch(), HEALTH_INTERVAL_MS);
  }
}
