import type { Topology } from "@tidemark/core";

/** The exporters by which data of a receiver leaves the collector, through connectors as well. */
export function carriersOf(receiver: string, { pipelines }: Topology): ReadonlySet<string> {
  const carriers = new Set<string>();
  const sources = [receiver];
  const seen = new Set(sources);
  for (let source = sources.pop(); source !== undefined; source = sources.pop()) {
    for (const { receivers, exporters } of pipelines) {
      if (!receivers.includes(source)) continue;
      for (const exporter of exporters) {
        const isConnector = pipelines.some((next) => next.receivers.includes(exporter));
        if (!isConnector) carriers.add(exporter);
        else if (!seen.has(exporter)) sources.push(exporter);
        seen.add(exporter);
      }
    }
  }
  return carriers;
}

/** Whether an alert about `exporter` has a way out that does not lead through it. */
export function isTellable(exporter: string | undefined, carriers: ReadonlySet<string>): boolean {
  return exporter === undefined || !carriers.has(exporter) || carriers.size > 1;
}
