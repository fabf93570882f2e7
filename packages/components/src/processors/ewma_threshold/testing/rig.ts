import { decodeAlert } from "@tidemark/alerting";
import type { Alert } from "@tidemark/alerting";
import { settlePromises, testContext } from "@tidemark/core/testing";
import type { TestContext } from "@tidemark/core/testing";
import type { MetricBatch, Signal } from "@tidemark/otlp";
import { metrics } from "@tidemark/otlp/testing";
import type { MetricInput } from "@tidemark/otlp/testing";
import { EwmaThreshold } from "../ewma-threshold.ts";
import { ewmaThresholdConfig } from "../config.ts";

export const SECOND: bigint = 1_000_000_000n;
export const START: bigint = 1_760_000_000n * SECOND;
/** Resource of all points. */
export const RESOURCE: Readonly<Record<string, string>> = { "service.name": "chat", "service.instance.id": "i-1", "host.name": "h" };

/** A processor under test and what it did. */
export interface Rig {
  readonly context: TestContext;
  readonly processor: EwmaThreshold;
  /** Sends one gauge point of value `value` at second `at`. */
  gauge(
    value: number,
    at: number,
    more?: { attributes?: Record<string, string>; exemplars?: object[]; flags?: number; name?: string; resource?: Record<string, string> },
  ): void;
  metric(at: number, metric: Omit<MetricInput, "name">): void;
  alerts(): Promise<Alert[]>;
}

/** Makes a started processor whose alerts are recorded. A metrics batch must come back as the same object. */
export function rig(yaml: Record<string, unknown> = {}, options: { signal?: Signal; context?: TestContext } = {}): Rig {
  const context = options.context ?? testContext({ id: "ewma_threshold/latency" });
  const own = { ...context, signal: options.signal ?? "metrics", pipeline: options.signal ?? "metrics" };
  const processor = new EwmaThreshold(ewmaThresholdConfig.parse({ name: "latency", min_samples: 3, ...yaml }), own);
  processor.start();
  const send = (batch: MetricBatch): void => {
    if (processor.process(batch) !== batch) throw new Error("the batch was not passed on as the same object");
  };
  return {
    context,
    processor,
    gauge(value, at, { name = "chat.latency", resource = RESOURCE, ...more } = {}) {
      send(
        metrics({
          resource,
          metrics: [{ name, unit: "ms", gauge: [{ value, timeUnixNano: START + BigInt(at) * SECOND, ...more }] }],
        }),
      );
    },
    metric(at, metric) {
      const time = (point: object): object => ({ timeUnixNano: START + BigInt(at) * SECOND, startTimeUnixNano: START, ...point });
      const stamped = Object.fromEntries(
        Object.entries(metric).map(([key, value]) => [key, Array.isArray(value) ? value.map((point: object) => time(point)) : value]),
      );
      send(metrics({ resource: RESOURCE, metrics: [{ name: "chat.metric", unit: "ms", ...stamped }] }));
    },
    async alerts() {
      await settlePromises();
      const found: Alert[] = [];
      for (const batch of context.offered) {
        const records = batch.items();
        while (records.next()) {
          const alert = decodeAlert(records);
          if (alert !== undefined) found.push(alert);
        }
      }
      return found;
    },
  };
}
