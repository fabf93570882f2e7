import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadedConfig } from "@tidemark/config";
import { systemClock, topologyOf, type Host, type NodeChange } from "@tidemark/core";
import type { Running } from "../running.ts";
import { createCollector, planBetween, tryToBuild, type Collector } from "../collector.ts";
import { createLogging } from "../logging/create-logging.ts";
import type { LogSink } from "../logging/log-event.ts";
import type { ConfigSource, SourceTexts } from "../reload/config-source.ts";
import { ReloadCounts } from "../reload/reload-metrics.ts";
import { Reloader } from "../reload/reloader.ts";
import { clusterWorkers } from "./cluster-process.ts";
import { supervisorConfig } from "./split-config.ts";
import { WorkerGroup } from "./worker-group.ts";

/** What a supervisor is made from. */
export interface SupervisorOptions {
  readonly config: LoadedConfig;
  /** Where `config` was loaded from. */
  readonly source: Pick<ConfigSource, "texts" | "load" | "loadCandidate">;
  readonly count: number;
  readonly logSink: LogSink;
  /** How long what a reload takes out of the graph may take to empty itself, in milliseconds. */
  readonly drainMs: number;
}

/**
 * Runs the pipelines in `count` workers, and beside them what there is once: health, self-metrics, log and exit code.
 * @throws what a component throws when it is created: each worker would fail in the same way.
 */
export async function createSupervisor({ config, source, count, logSink, drainMs }: SupervisorOptions): Promise<Running> {
  // What cannot be built here, no worker can build.
  await tryToBuild(config);
  // Only we can look into a directory that mkdtemp makes: nobody else can send as a worker.
  const sockets = mkdtempSync(join(tmpdir(), "tidemark-"));
  const log = createLogging(config.telemetry.logs, systemClock, logSink)("");
  const counts = new ReloadCounts((last) => group.tellReload(last));
  const group = new WorkerGroup({ count, start: clusterWorkers(), texts: source.texts, sockets, clock: systemClock, log });
  let running = config;
  const host: Host = {
    health: () => group.health(),
    ledger: () => group.ledger(),
    topology: () => topologyOf(running.graph),
    reload: () => reloader.reload("request"),
    lastReload: () => counts.last,
    plan: (candidate) => reloader.plan(candidate),
  };
  const own = createCollector({
    config: supervisorConfig(config),
    logSink,
    drainMs,
    role: {
      graph: { host },
      telemetry: { others: () => group.metrics(), observe: (meter) => [group, counts].forEach((each) => each.observe(meter)) },
    },
  });
  const apply = async (next: LoadedConfig): Promise<readonly NodeChange[]> => {
    const nodes = await changeOver({ own, group, texts: source.texts }, running, next);
    running = next;
    return nodes;
  };
  const reloader = new Reloader({
    config,
    load: () => source.load(),
    loadCandidate: (candidate) => source.loadCandidate(candidate),
    apply,
    plan: planBetween,
    clock: systemClock,
    log,
    counts,
  });
  const shutdown: Running["shutdown"] = async (deadlineMs, hurry) => {
    await group.shutdown(deadlineMs, hurry);
    await own.shutdown(deadlineMs, hurry);
    rmSync(sockets, { recursive: true, force: true });
  };
  return {
    start: () => startAll([own, group], () => shutdown(0, AbortSignal.abort())),
    shutdown,
    workers: count,
    totals: () => group.totals(),
    logger: (component) => own.logger(component),
    metricsEndpoints: () => own.metricsEndpoints(),
    reload: (trigger) => reloader.reload(trigger),
  };
}

interface Parts {
  readonly own: Collector;
  readonly group: WorkerGroup;
  /** What `next` was made from. */
  readonly texts: SourceTexts;
}

/** Puts `next` in the place of `running`, in the workers and beside them; when one of them cannot take it over, all go on as before. */
async function changeOver({ own, group, texts }: Parts, running: LoadedConfig, next: LoadedConfig): Promise<readonly NodeChange[]> {
  await tryToBuild(next);
  // First what can fail here alone, and be taken back: workers that have changed over would run on with what the log calls rejected.
  const extensions = await own.apply(supervisorConfig(next));
  const nodes = await group.reload(texts).catch(async (caught: unknown) => {
    await own.apply(supervisorConfig(running));
    throw caught;
  });
  return [...extensions, ...nodes];
}

/** Starts one after the other; leaves nothing running when one of them cannot. */
async function startAll(parts: readonly { start(): Promise<void> }[], shutdown: () => Promise<void>): Promise<void> {
  try {
    for (const part of parts) await part.start();
  } catch (caught) {
    await shutdown();
    throw caught;
  }
}
