import type { Attributes, Meter } from "@opentelemetry/api";
import type { ReloadReport } from "@tidemark/core";

/** How reloads ended, for the self-metrics; the names after those of Prometheus. */
export class ReloadCounts {
  readonly #results = new Map<ReloadReport["result"], number>([
    ["reloaded", 0],
    ["unchanged", 0],
    ["failed", 0],
  ]);
  #lastSuccessMs: number | undefined;
  #isLastSuccessful = true;

  count(result: ReloadReport["result"], nowMs: number): void {
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
    this.#isLastSuccessful = result !== "failed";
    if (this.#isLastSuccessful) this.#lastSuccessMs = nowMs;
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
    successful.addCallback((page) => page.observe(this.#isLastSuccessful ? 1 : 0));
    timestamp.addCallback((page) => {
      if (this.#lastSuccessMs !== undefined) page.observe(this.#lastSuccessMs / 1000);
    });
  }
}
