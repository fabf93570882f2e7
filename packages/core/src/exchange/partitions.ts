import type { LogRecordView, SpanView } from "@tidemark/otlp";
import { ANYWHERE, type Partition } from "../contract/worker.ts";
import { hashText, mixHash } from "./hash.ts";

/** All spans and log records of a trace meet; items without a trace id may be anywhere. */
export const BY_TRACE: Partition = { name: "trace", traces: () => hashTrace, logs: () => hashTrace };

/** All data points of the metrics of one name meet. */
export const BY_METRIC_NAME: Partition = {
  name: "metric_name",
  metrics: () => {
    let metric = -1;
    let hash = 0;
    return (point) => {
      if (point.metric.index !== metric) {
        metric = point.metric.index;
        hash = hashText(point.metric.name);
      }
      return hash;
    };
  },
};

/** Everything meets: for what exists once, such as a file or the quota of a far side. `name` spreads several such things over the workers. */
export function inOneWorker(name: string): Partition {
  const hash = hashText(name);
  const constant = (): (() => number) => () => hash;
  return { name: `one:${name}`, traces: constant, metrics: constant, logs: constant };
}

function hashTrace({ traceIdHigh28, traceIdLow28 }: SpanView | LogRecordView): number {
  return traceIdHigh28 === 0 && traceIdLow28 === 0 ? ANYWHERE : mixHash(traceIdHigh28, traceIdLow28);
}
