import type { Meter } from "@opentelemetry/api";
import type { Clock } from "@tidemark/core";

/** What the process uses, under the Collector's names. Read when a reader asks. */
export function observeProcess(meter: Meter, clock: Clock): void {
  const startedAt = clock.now();
  meter
    .createObservableCounter("otelcol_process_uptime", { description: "Uptime of the process", unit: "s" })
    .addCallback((result) => result.observe((clock.now() - startedAt) / 1000));
  meter
    .createObservableCounter("otelcol_process_cpu_seconds", { description: "Total CPU user and system time in seconds", unit: "s" })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  meter
    .createObservableGauge("otelcol_process_memory_rss", { description: "Total physical memory (resident set size)", unit: "By" })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge("otelcol_process_runtime_heap_alloc_bytes", { description: "Bytes of allocated heap objects", unit: "By" })
    .addCallback((result) => result.observe(process.memoryUsage().heapUsed));
}
