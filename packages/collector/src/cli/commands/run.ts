import type { LoadedConfig } from "@tidemark/config";
import { messageOf, parseDuration } from "@tidemark/core";
import { createCollector } from "../../collector.ts";
import type { LogSink } from "../../logging/log-event.ts";
import type { LedgerTotals } from "../../ledger-totals.ts";
import type { ConfigSource } from "../../reload/config-source.ts";
import type { ParsedArguments } from "../arguments.ts";
import { CONFIG_OPTIONS, type Command } from "../command.ts";
import { EXIT, UsageError, type CliIo } from "../io.ts";
import { buildOrReport, configOrReport, sourceOf } from "../load.ts";
import { openLogSink } from "../log-output.ts";
import { inThisProcess, type Running } from "../../running.ts";
import { StopSignals } from "../stop-signals.ts";
import { startSummary } from "../summary.ts";
import { keepAlive, reportUnexpected } from "../../process-guards.ts";
import { workerCount } from "./worker-count.ts";

const PROGRESS_MS = 1000;

export const runCommand: Command = {
  name: "run",
  usage: "[--config] FILE…",
  summary: "Run the pipelines of a configuration until a signal ends it.",
  details:
    "SIGINT or SIGTERM stops receiving and lets what is held flow out; a second one stops at once. SIGHUP reads the configuration again.",
  takesFiles: true,
  options: {
    ...CONFIG_OPTIONS,
    "shutdown-timeout": { value: "DURATION", description: "How long what is held may take to flow out (default 10s)." },
    watch: { description: "Take changes of the configuration over while running: of its files, http(s) and etcd sources." },
    "poll-interval": { value: "DURATION", description: "With --watch: how often http(s) sources are asked for changes (default 5s)." },
    workers: { value: "N|auto", description: "How many processes share the work; auto: one on each core (default 1)." },
  },
  run: async (args, io) => {
    const deadlineMs = shutdownDeadline(args);
    const workers = workerCount(args);
    if (workers > 1) return runWorkers(args, workers, deadlineMs, io);
    const source = sourceOf(args, io);
    return withLog(configOrReport(await source.load(), io), io, (config, logSink) =>
      runCollector({ config, deadlineMs, logSink, io, watched: args.has("watch") ? source : undefined }, () =>
        inThisProcess(
          createCollector({
            config,
            logSink,
            load: () => source.load(),
            loadCandidate: (candidate) => source.loadCandidate(candidate),
            drainMs: deadlineMs,
          }),
        ),
      ),
    );
  },
};

/** Several processes: this one is their supervisor, or one of them. A collector of one process loads none of this. */
async function runWorkers(args: ParsedArguments, count: number, deadlineMs: number, io: CliIo): Promise<number> {
  const [{ isWorkerProcess }, { runAsWorker }] = await Promise.all([
    import("../../workers/cluster-process.ts"),
    import("./run-as-worker.ts"),
  ]);
  if (isWorkerProcess()) return runAsWorker(args, deadlineMs, io);
  const { createSupervisor } = await import("../../workers/supervisor.ts");
  const source = sourceOf(args, io);
  return withLog(configOrReport(await source.load(), io), io, (config, logSink) =>
    runCollector({ config, deadlineMs, logSink, io, watched: args.has("watch") ? source : undefined }, () =>
      createSupervisor({ config, source, count, logSink, drainMs: deadlineMs }),
    ),
  );
}

async function withLog(
  config: LoadedConfig | undefined,
  io: CliIo,
  run: (config: LoadedConfig, logSink: LogSink) => Promise<number>,
): Promise<number> {
  if (config === undefined) return EXIT.usage;
  const output = openLogSink(config.telemetry.logs, io);
  try {
    return await run(config, output.sink);
  } finally {
    output.close();
  }
}

function shutdownDeadline(args: ParsedArguments): number {
  const text = args.value("shutdown-timeout") ?? "10s";
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0) throw new UsageError(`"${text}" is not a duration; write --shutdown-timeout 10s`);
  return ms;
}

interface RunOptions {
  readonly config: LoadedConfig;
  readonly deadlineMs: number;
  readonly logSink: LogSink;
  readonly io: CliIo;
  /** The configuration's source when its changes are to be taken over. */
  readonly watched: ConfigSource | undefined;
}

async function runCollector(options: RunOptions, create: () => Running | Promise<Running>): Promise<number> {
  const { config, deadlineMs, logSink, io, watched } = options;
  const collector = await buildOrReport(create, io);
  if (collector === undefined) return EXIT.usage;
  const signals = new StopSignals();
  const release = [keepAlive(), reportUnexpected((component) => collector.logger(component)), () => signals.close()];
  // Before the start is over it would end the process, as Node has it.
  let isReady = false;
  release.push(onHangUp(() => isReady && void collector.reload("SIGHUP")));
  try {
    if (!(await starts(collector, signals))) return EXIT.failure;
    isReady = true;
    announce(config, collector, logSink);
    if (watched !== undefined) release.push(watched.watch((what) => void collector.reload(what)));
    await signals.first;
    return await stop(collector, deadlineMs, signals);
  } finally {
    for (const each of release) each();
  }
}

/** As in the Collector, SIGHUP asks for a reload. Returns how to end that. */
function onHangUp(listener: () => void): () => void {
  process.on("SIGHUP", listener);
  return () => process.off("SIGHUP", listener);
}

/** Resolves with whether the collector runs; why it does not is in the log. */
async function starts(collector: Running, signals: StopSignals): Promise<boolean> {
  try {
    await Promise.race([collector.start(), signals.secondThrows()]);
    return true;
  } catch (caught) {
    collector.logger().error(`The collector could not start: ${messageOf(caught)}`);
    return false;
  }
}

function announce(config: LoadedConfig, collector: Running, logSink: LogSink): void {
  // Since the start of the process: what a person at the terminal has waited.
  const readyMs = performance.now();
  if (config.telemetry.logs.encoding === "console") {
    logSink(startSummary(config, collector.metricsEndpoints(), readyMs, collector.workers));
    return;
  }
  const pipelines = config.graph.pipelines.map(({ id }) => id).join(" ");
  collector.logger().info("Everything is ready. Begin running and processing data.", { pipelines, ready_ms: Math.round(readyMs) });
}

async function stop(collector: Running, deadlineMs: number, signals: StopSignals): Promise<number> {
  const log = collector.logger();
  log.info("Stopping: no new data is taken, what is held flows out.", {
    signal: signals.name,
    held: collector.totals().held,
  });
  const progress = setInterval(() => {
    const { held } = collector.totals();
    if (held > 0) log.info("Draining.", { held });
  }, PROGRESS_MS);
  const failedBefore = collector.totals().failed;
  try {
    await collector.shutdown(deadlineMs, signals.second);
  } finally {
    clearInterval(progress);
  }
  const totals = collector.totals();
  if (totals.stored > 0) log.info("What could not be sent is stored; the next run sends it.", { items: totals.stored });
  const lost = totals.held - totals.stored + Math.max(0, totals.failed - failedBefore);
  if (lost > 0) log.error("Data was given up at shutdown.", { items: lost, deadline: `${deadlineMs}ms` });
  log.info("Stopped.", finalCounts(totals));
  return lost > 0 ? EXIT.failure : EXIT.ok;
}

/** Of the counts that only storages have, those that are not 0. */
function finalCounts({ received, alerts, delivered, refused, failed, dropped, ...rest }: LedgerTotals): Record<string, number> {
  const ofStorages = { restored: rest.restored, dead_lettered: rest.deadLettered, stored: rest.stored };
  const seen = Object.fromEntries(Object.entries(ofStorages).filter(([, items]) => items > 0));
  const byReason = Object.fromEntries(Object.entries(dropped).map(([reason, items]) => [`dropped.${reason}`, items]));
  return { received, alerts, delivered, refused, failed, ...seen, ...byReason };
}
