import { join } from "node:path";
import type { LoadedConfig, LoadResult } from "@tidemark/config";
import { messageOf, SocketExchange, systemClock } from "@tidemark/core";
import { keepAlive, reportUnexpected } from "../process-guards.ts";
import { createCollector, type Collector } from "../collector.ts";
import { ledgerTotals } from "../ledger-totals.ts";
import { createLogging } from "../logging/create-logging.ts";
import type { LogSink } from "../logging/log-event.ts";
import type { SourceTexts } from "../reload/config-source.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { workerConfig } from "./split-config.ts";
import type { SupervisorChannel } from "./supervisor-channel.ts";

const REPORT_MS = 1000;

/** What a worker is made from. */
export interface WorkerOptions {
  readonly config: LoadedConfig;
  /** Loads a configuration from what the supervisor has read. */
  readonly load: (texts: SourceTexts) => Promise<LoadResult>;
  readonly begin: Extract<ToWorker, { type: "begin" }>;
  readonly channel: SupervisorChannel;
  readonly logSink: LogSink;
  /** For the drain when nobody says how long it may take: a signal to this process alone, or the end of the supervisor. */
  readonly deadlineMs: number;
}

/** Runs the pipelines as one of several workers, until the supervisor asks it to stop or is gone. Resolves with whether it could start. */
export async function runWorker(options: WorkerOptions): Promise<boolean> {
  const { channel } = options;
  const stopping = new StopRequests(options);
  const { collector, exchange } = build(options, stopping);
  const release = [keepAlive(), reportUnexpected((component) => collector.logger(component)), () => stopping.close()];
  try {
    await Promise.race([exchange.start().then(() => collector.start()), stopping.abandoned]);
  } catch (caught) {
    await channel.send({ type: "failed", message: messageOf(caught) });
    await exchange.close();
    return false;
  }
  const report = (): void => void channel.send({ type: "report", health: collector.health(), ledger: collector.ledger() });
  report();
  const reports = setInterval(report, REPORT_MS);
  void channel.send({ type: "ready" });
  const deadlineMs = await stopping.asked;
  await collector.shutdown(deadlineMs, stopping.hurry.signal);
  await exchange.close();
  clearInterval(reports);
  for (const each of release) each();
  await channel.send({ type: "stopped", totals: ledgerTotals(collector.ledger()) });
  return true;
}

function build(
  { config, load, begin, channel, logSink, deadlineMs }: WorkerOptions,
  stopping: StopRequests,
): { collector: Collector; exchange: SocketExchange } {
  const log = createLogging(config.telemetry.logs, systemClock, logSink, { worker: begin.slot.index })("");
  const socketPath = (index: number): string => join(begin.sockets, `${index}.sock`);
  const exchange = new SocketExchange({ slot: begin.slot, socketPath, clock: systemClock, log });
  const sendersStopped = async (deadline: AbortSignal): Promise<void> => {
    await channel.send({ type: "receivers_stopped" });
    await stopping.allQuiet(deadline);
  };
  let { lastReload } = begin;
  const role = { graph: { exchange, sendersStopped, host: { lastReload: () => lastReload } }, telemetry: { serves: false } };
  const collector = createCollector({ config: workerConfig(config), logSink, drainMs: deadlineMs, role });
  channel.onMessage((message) => {
    if (message.type === "collect")
      void collector.collectMetrics().then((scopes) => channel.send({ type: "metrics", id: message.id, scopes }));
    else if (message.type === "last_reload") lastReload = message.lastReload;
    else if (message.type === "reload") void reload(collector, load, message).then((answer) => channel.send(answer));
  });
  return { collector, exchange };
}

async function reload(
  collector: Collector,
  load: WorkerOptions["load"],
  { id, texts }: Extract<ToWorker, { type: "reload" }>,
): Promise<Extract<FromWorker, { type: "reloaded" }>> {
  try {
    const result = await load(texts);
    if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("; "));
    return { type: "reloaded", id, nodes: await collector.apply(workerConfig(result.config)) };
  } catch (caught) {
    return { type: "reloaded", id, nodes: [], error: messageOf(caught) };
  }
}

/** Everything that can end a worker. */
class StopRequests {
  /** Resolves with the time that the drain may take, in milliseconds. */
  readonly asked: Promise<number>;
  readonly hurry: AbortController = new AbortController();
  /** Resolves when the supervisor is gone. A start that waits for its ports, which the supervisor opens, never ends then. */
  readonly abandoned: Promise<void>;
  readonly #quiet = Promise.withResolvers<void>();
  readonly #onSignal: () => void;

  constructor({ channel, deadlineMs }: WorkerOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.asked = promise;
    // The others go on, or are gone: there is nobody to wait for.
    const alone = (): void => {
      this.#quiet.resolve();
      resolve(deadlineMs);
    };
    this.#onSignal = alone;
    process.on("SIGTERM", this.#onSignal);
    // A terminal sends these to all processes; the supervisor decides what they mean.
    for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, ignore);
    this.abandoned = new Promise((lost) => channel.onLost(lost));
    void this.abandoned.then(alone);
    channel.onMessage((message) => {
      if (message.type === "stop") resolve(message.deadlineMs);
      else if (message.type === "senders_stopped") this.#quiet.resolve();
      else if (message.type === "hurry") this.hurry.abort(new Error("the collector was asked to stop at once"));
    });
  }

  /** Resolves when no worker takes in anything any more, or at the deadline. */
  allQuiet(deadline: AbortSignal): Promise<void> {
    if (deadline.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      void this.#quiet.promise.then(resolve);
      deadline.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  close(): void {
    process.off("SIGTERM", this.#onSignal);
    for (const signal of ["SIGINT", "SIGHUP"]) process.off(signal, ignore);
  }
}

function ignore(): void {}
