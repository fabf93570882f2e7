import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadedConfig } from "@tidemark/config";
import { systemClock } from "@tidemark/core";
import type { Running } from "../cli/running.ts";
import { createCollector } from "../collector.ts";
import { createLogging } from "../logging/create-logging.ts";
import type { LogSink } from "../logging/log-event.ts";
import { clusterWorkers } from "./cluster-process.ts";
import { supervisorConfig } from "./split-config.ts";
import { WorkerGroup } from "./worker-group.ts";

/** What a supervisor is made from. */
export interface SupervisorOptions {
  readonly config: LoadedConfig;
  /** The configuration files as they were read. */
  readonly files: Readonly<Record<string, string>>;
  readonly count: number;
  readonly logSink: LogSink;
}

/**
 * Runs the pipelines in `count` workers, and beside them what there is once: health, self-metrics, log and exit code.
 * @throws what a component throws when it is created: each worker would fail in the same way.
 */
export async function createSupervisor({ config, files, count, logSink }: SupervisorOptions): Promise<Running> {
  await createCollector({ config, logSink: () => {} }).shutdown(0);
  // Only we can look into a directory that mkdtemp makes: nobody else can send as a worker.
  const sockets = mkdtempSync(join(tmpdir(), "tidemark-"));
  const log = createLogging(config.telemetry.logs, systemClock, logSink)("");
  const group = new WorkerGroup({ count, start: clusterWorkers(), files, sockets, clock: systemClock, log });
  const own = createCollector({
    config: supervisorConfig(config),
    logSink,
    role: {
      graph: { host: { health: () => group.health() } },
      telemetry: { others: () => group.metrics(), observe: (meter) => group.observe(meter) },
    },
  });
  const shutdown: Running["shutdown"] = async (deadlineMs, hurry) => {
    await group.shutdown(deadlineMs, hurry);
    await own.shutdown(deadlineMs, hurry);
    rmSync(sockets, { recursive: true, force: true });
  };
  return {
    start: async () => {
      try {
        await own.start();
        await group.start();
      } catch (caught) {
        await shutdown(0, AbortSignal.abort());
        throw caught;
      }
    },
    shutdown,
    workers: count,
    totals: () => group.totals(),
    logger: (component) => own.logger(component),
    metricsEndpoints: () => own.metricsEndpoints(),
  };
}
