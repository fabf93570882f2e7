import type { Clock, ComponentContext, Exporter } from "@tidemark/core";
import type { Batch, LogBatch } from "@tidemark/otlp";
import type { DebugConfig } from "./config.ts";
import { detailedLogs } from "./detailed-logs.ts";
import { detailedMetrics } from "./detailed-metrics.ts";
import { detailedTraces } from "./detailed-traces.ts";
import { normalLogs, normalMetrics, normalTraces, takeAlerts } from "./normal.ts";
import { summarize, summaryText } from "./summary.ts";
import { oneLine } from "./text.ts";

const WINDOW_MS = 1000;

/** Where text goes: one call per batch, ending with a line break. */
export type Write = (text: string) => void;

/** Shows the first batches of each second and then every n-th. */
export class BatchSampler {
  #windowStart = Number.NEGATIVE_INFINITY;
  #seen = 0;
  readonly #clock: Clock;
  readonly #initial: number;
  readonly #thereafter: number;

  constructor(clock: Clock, initial: number, thereafter: number) {
    this.#clock = clock;
    this.#initial = initial;
    this.#thereafter = thereafter;
  }

  shows(): boolean {
    const now = this.#clock.now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#seen = 0;
    }
    this.#seen += 1;
    if (this.#seen <= this.#initial) return true;
    return this.#thereafter > 0 && (this.#seen - this.#initial) % this.#thereafter === 0;
  }
}

/** Makes the exporter. `write` is used with `use_internal_logger: false`. */
export function createDebugExporter(config: DebugConfig, context: ComponentContext, write: Write): Exporter {
  const sampler = new BatchSampler(context.clock, config.sampling_initial, config.sampling_thereafter);

  function show(batch: Batch): void {
    const summary = summarize(batch);
    const body = config.verbosity === "basic" ? "" : describe(batch, config.verbosity);
    if (!config.use_internal_logger) return write(`${summaryText(summary)}\n${body === "" ? "" : `${body}\n`}`);
    context.log.info(summary.message, summary.fields);
    if (body !== "") context.log.info(body);
  }

  function showAlerts(batch: LogBatch): LogBatch {
    const { alerts, rest } = takeAlerts(batch);
    for (const line of alerts) {
      if (config.use_internal_logger) context.log.info(line);
      else write(`${oneLine(line)}\n`);
    }
    return rest;
  }

  return {
    send(batch) {
      const rest = config.verbosity === "normal" && batch.signal === "logs" ? showAlerts(batch) : batch;
      if (rest.itemCount > 0 && sampler.shows()) show(rest);
    },
  };
}

function describe(batch: Batch, verbosity: "normal" | "detailed"): string {
  switch (batch.signal) {
    case "traces":
      return (verbosity === "normal" ? normalTraces : detailedTraces)(batch.toObject());
    case "metrics":
      return (verbosity === "normal" ? normalMetrics : detailedMetrics)(batch.toObject());
    case "logs":
      return verbosity === "normal" ? normalLogs(batch) : detailedLogs(batch.toObject());
  }
}
