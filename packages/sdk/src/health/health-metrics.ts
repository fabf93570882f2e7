import type { BatchObservableResult, Meter } from "@opentelemetry/api";
import type { CheckStatus } from "./check-state.ts";
import { overallStatus, type ReportSource } from "./report.ts";

const VALUES: Readonly<Record<Exclude<CheckStatus, "UNKNOWN">, number>> = { UP: 0, DEGRADED: 1, DOWN: 2 };

/**
 * Makes `health.status` (0 UP, 1 DEGRADED, 2 DOWN), of the service with the attribute `service` and of each check with `check` as well, and
 * `health.check.value` of sampled checks. Checks without a result have no point. Returns what takes the metrics away again.
 */
export function observeHealth(meter: Meter, source: () => ReportSource): () => void {
  const status = meter.createObservableGauge("health.status", { description: "0 UP, 1 DEGRADED, 2 DOWN." });
  const value = meter.createObservableGauge("health.check.value", { description: "The latest sample of a health check." });
  const observe = (result: BatchObservableResult): void => {
    const current = source();
    const { service, checks } = current;
    result.observe(status, VALUES[overallStatus(current)], { service });
    for (const check of checks) {
      const attributes = { service, check: check.settings.name };
      if (check.status !== "UNKNOWN") result.observe(status, VALUES[check.status], attributes);
      const sampled = check.state.latest?.outcome.value;
      if (sampled !== undefined) result.observe(value, sampled, attributes);
    }
  };
  meter.addBatchObservableCallback(observe, [status, value]);
  return () => meter.removeBatchObservableCallback(observe, [status, value]);
}
