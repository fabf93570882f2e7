import type { LogFields } from "@tidemark/core";
import type { Batch, MetricBatch } from "@tidemark/otlp";

/** The line of basic verbosity: what came, and how much of it. */
export interface Summary {
  readonly message: string;
  readonly fields: LogFields;
}

/** Counts what is in a batch, under the names of the Collector. */
export function summarize(batch: Batch): Summary {
  switch (batch.signal) {
    case "traces":
      return { message: "Traces", fields: { "resource spans": countResources(batch.items()), spans: batch.itemCount } };
    case "logs":
      return { message: "Logs", fields: { "resource logs": countResources(batch.items()), "log records": batch.itemCount } };
    case "metrics": {
      const { resources, metrics } = countMetrics(batch);
      return { message: "Metrics", fields: { "resource metrics": resources, metrics, "data points": batch.itemCount } };
    }
  }
}

/** The same line as text. */
export function summaryText({ message, fields }: Summary): string {
  return [message, ...Object.entries(fields).map(([key, value]) => `${key.replaceAll(" ", "_")}=${String(value)}`)].join(" ");
}

function countResources(cursor: { next(): boolean; readonly resource: { readonly index: number } }): number {
  let count = 0;
  let last = -1;
  while (cursor.next()) {
    if (cursor.resource.index !== last) count += 1;
    last = cursor.resource.index;
  }
  return count;
}

function countMetrics(batch: MetricBatch): { resources: number; metrics: number } {
  const cursor = batch.items();
  let resources = 0;
  let metrics = 0;
  let lastResource = -1;
  let lastMetric = -1;
  while (cursor.next()) {
    if (cursor.resource.index !== lastResource) resources += 1;
    if (cursor.resource.index !== lastResource || cursor.metric.index !== lastMetric) metrics += 1;
    lastResource = cursor.resource.index;
    lastMetric = cursor.metric.index;
  }
  return { resources, metrics };
}
