import type { Attributes, Meter } from "@opentelemetry/api";
import type { LastReload, ReloadReport } from "@tidemark/core";

/** How reloads ended, for the self-metrics and for components; the names after those of Prometheus. */
export class ReloadCounts {
  readonly #results = new Map<ReloadReport["result"], number>([
    ["reloaded", 0],
    ["unchanged", 0],
    ["failed", 0],
  ]);
  readonly #counted: (last: LastReload) => void;
  #last: LastReload | undefined;
  #lastSuccessMs: number | undefined;

  /** `counted` is told of each reload. */
  constructor(counted: (last: LastReload) => void = () => {}) {
    this.#counted = counted;
  }

  /** How the last one ended. */
  get last(): LastReload | undefined {
    return this.#last;
  }

  count({ result, message }: ReloadReport, at: number): void {
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
    this.#last = { result, message, at };
    if (result !== "failed") this.#lastSuccessMs = at;
    this.#counted(this.#last);
  }

  observe(meter: Meter): void {
    const reloads = meter.createObservableCounter("otelcol_config_reloads", { description: "Reloads of the configuration, by result." });
    const successful = meter.createObservableGauge("otelcol_config_last_reload_successful", {
      description: "1 when the last reload of the configuration did not fail.",
    });
    const timestamp = meter.createObservableGauge("otelcol_config_last_reload_success_timestamp_seconds", {
      description: "When the last reload that did not fail ended, in seconds since the Unix epoch.",
    });
    reloads.addCallback((page) => {
      for (const [result, count] of this.#results) {
        const attributes: Attributes = { result };
        page.observe(count, attributes);
      }
    });
    successful.addCallback((page) => page.observe(this.#last?.result === "failed" ? 0 : 1));
    timestamp.addCallback((page) => {
      if (this.#lastSuccessMs !== undefined) page.observe(this.#lastSuccessMs / 1000);
    });
  }
}
