import type { ScopeMetrics } from "@opentelemetry/sdk-metrics";
import type { LoadedConfig, LoadResult } from "@tidemark/config";
import {
  buildGraph,
  StateStore,
  systemClock,
  type Candidate,
  type Clock,
  type Graph,
  type GraphEnvironment,
  type Logger,
  type NodeChange,
  type Random,
  type ReloadReport,
} from "@tidemark/core";
import { createLogging } from "./logging/create-logging.ts";
import type { LogSink } from "./logging/log-event.ts";
import { ReloadCounts } from "./reload/reload-metrics.ts";
import { Reloader } from "./reload/reloader.ts";
import { createTelemetry, type Telemetry, type TelemetryRole } from "./telemetry/create-telemetry.ts";

/** How long components may take to notice that the shutdown deadline has passed. */
const GRACE_MS = 2000;
const STANDARD_DRAIN_MS = 10_000;

/** What a collector is made from. Only the configuration is needed; the rest has the machine's own as standard. */
export interface CollectorOptions {
  readonly config: LoadedConfig;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Takes the lines of the collector's log; standard error when not given. */
  readonly logSink?: LogSink;
  /** Reads the configuration again, for `reload`; without it `reload` fails. */
  readonly load?: () => Promise<LoadResult>;
  /** Loads a configuration from texts that were read elsewhere, for plans; without it plans fail. */
  readonly loadCandidate?: (candidate: Candidate) => Promise<LoadResult>;
  /** How long what a reload takes out of the graph may take to empty itself, in milliseconds (standard 10 s). */
  readonly drainMs?: number;
  /** Set when this is one of several processes of a collector. */
  readonly role?: CollectorRole;
}

/** What a process of a collector does differently when there are several. */
export interface CollectorRole {
  readonly graph?: Pick<GraphEnvironment, "host" | "exchange" | "sendersStopped">;
  readonly telemetry?: TelemetryRole;
}

/** A collector in this process. The `tidemark` command is a thin shell over it. */
export interface Collector {
  /** Opens everything and starts the pipelines. Rejects, with all of it closed again, when a part cannot start. */
  start(): Promise<void>;
  /**
   * Stops the receivers, lets what is held flow out, and closes everything. What is left after `deadlineMs`, or when
   * `hurry` aborts, is given up and counted.
   */
  shutdown(deadlineMs: number, hurry?: AbortSignal): Promise<void>;
  /**
   * Reads the configuration again and takes it over while data flows; what is equal in both goes on. Resolves when it is active, or
   * with what is wrong with it: then everything is as before. `trigger` says in the log who asked.
   */
  reload(trigger: string): Promise<ReloadReport>;
  /**
   * Takes over a configuration that is loaded already. Resolves with what became of each node.
   * @throws Error when it cannot be built or started; the one before runs on.
   */
  apply(config: LoadedConfig): Promise<readonly NodeChange[]>;
  /** What `apply` would do. Throws as it does. */
  plan(config: LoadedConfig): readonly NodeChange[];
  health(): ReturnType<Graph["health"]>;
  /** The books of all nodes at this moment. */
  ledger(): ReturnType<Graph["ledger"]>;
  /** The collector's own logger, or that of the component with the given key. */
  logger(component?: string): Logger;
  /** URLs under which the collector's own metrics are served. */
  metricsEndpoints(): readonly string[];
  /** The collector's own metrics at this moment. */
  collectMetrics(): Promise<readonly ScopeMetrics[]>;
}

/**
 * Builds a collector; nothing is opened before `start`.
 * @throws GraphError for a graph that cannot be; whatever a component throws when it is created.
 */
export function createCollector(options: CollectorOptions): Collector {
  const { config, clock = systemClock, random = Math.random, logSink = writeToStandardError, role = {} } = options;
  const worker = role.graph?.exchange?.slot.index;
  const logger = createLogging(config.telemetry.logs, clock, logSink, worker === undefined ? undefined : { worker });
  const telemetry = createTelemetry(config.telemetry, clock, random, role.telemetry);
  const own = logger("");
  const { load = noSource, loadCandidate = noSource, drainMs = STANDARD_DRAIN_MS } = options;
  const counts = new ReloadCounts();
  const apply = (next: LoadedConfig): Promise<readonly NodeChange[]> => graph.reload(next.graph, drainMs);
  const reloader = new Reloader({ config, load, loadCandidate, apply, plan: planBetween, clock, log: own, counts });
  const graph = buildGraph(config.graph, {
    clock,
    random,
    meter: telemetry.meter,
    logger,
    states: new StateStore(),
    ...role.graph,
    host: {
      reload: () => reloader.reload("request"),
      lastReload: () => counts.last,
      plan: (candidate) => reloader.plan(candidate),
      ...role.graph?.host,
    },
  });
  if (options.load !== undefined) counts.observe(telemetry.meter);
  return {
    start: async () => {
      if (worker === undefined) warn(own, config);
      await startBoth(telemetry, graph);
    },
    shutdown: async (deadlineMs, hurry) => {
      const stopped = await stopGraph(graph, clock, deadlineMs, hurry);
      if (!stopped) own.error("A component did not stop after the shutdown deadline; it is left behind.");
      await telemetry.shutdown();
    },
    reload: (trigger) => reloader.reload(trigger),
    apply: (next) => reloader.apply(next),
    plan: (next) => graph.plan(next.graph),
    health: () => graph.health(),
    ledger: () => graph.ledger(),
    logger: (component = "") => logger(component),
    metricsEndpoints: () => telemetry.endpoints(),
    collectMetrics: () => telemetry.collect(),
  };
}

/**
 * What a reload from one configuration to another does to each node. Builds both, starts nothing and opens no port.
 * @throws what `createCollector` throws, for either of them.
 */
export async function planBetween(before: LoadedConfig, next: LoadedConfig): Promise<readonly NodeChange[]> {
  const collector = createCollector({ config: before, logSink: () => {} });
  try {
    return collector.plan(next);
  } finally {
    await collector.shutdown(0);
  }
}

/**
 * Builds the pipelines of a configuration, starts nothing and opens no port.
 * @throws what `createCollector` throws.
 */
export async function tryToBuild(config: LoadedConfig): Promise<void> {
  await createCollector({ config, logSink: () => {} }).shutdown(0);
}

function noSource(): Promise<never> {
  return Promise.reject(new Error("this collector was not started from a configuration that can be read again"));
}

/** What the configuration asks for and does not get; one process of a collector says it. */
function warn(log: Logger, config: LoadedConfig): void {
  for (const warning of config.warnings)
    log.warn(warning.message, { at: `${warning.file}:${warning.line}:${warning.column}`, fix: warning.fix });
}

async function startBoth(telemetry: Telemetry, graph: Graph): Promise<void> {
  try {
    await telemetry.start();
    await graph.start();
  } catch (caught) {
    await graph.shutdown(AbortSignal.abort());
    await telemetry.shutdown();
    throw caught;
  }
}

/** Resolves with whether the graph stopped; a component that ignores the deadline cannot hold the collector back. */
async function stopGraph(graph: Graph, clock: Clock, deadlineMs: number, hurry: AbortSignal | undefined): Promise<boolean> {
  const late = new AbortController();
  const timer = clock.setTimeout(() => late.abort(new Error(`the shutdown deadline of ${deadlineMs} ms has passed`)), deadlineMs);
  const deadline = hurry === undefined ? late.signal : AbortSignal.any([late.signal, hurry]);
  const { promise: given, resolve: giveUp } = Promise.withResolvers<boolean>();
  const afterDeadline = (): void => void clock.setTimeout(() => giveUp(false), GRACE_MS);
  if (deadline.aborted) afterDeadline();
  else deadline.addEventListener("abort", afterDeadline, { once: true });
  const stopped = graph.shutdown(deadline).then(() => true);
  try {
    return await Promise.race([stopped, given]);
  } finally {
    timer.cancel();
    deadline.removeEventListener("abort", afterDeadline);
  }
}

function writeToStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
