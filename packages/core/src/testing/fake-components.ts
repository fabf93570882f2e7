import type { Batch, Signal } from "@tidemark/otlp";
import { Subject } from "rxjs";
import { z } from "zod";
import type { ExporterDefinition, ReceiverDefinition, SendContext } from "../contract/component.ts";
import { defineExporter, defineReceiver } from "../contract/define.ts";
import type { Delivery } from "../contract/delivery.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];

/** A receiver that a test pushes deliveries into. */
export interface FakeSource {
  readonly definition: ReceiverDefinition;
  push(delivery: Delivery): void;
}

/** Makes a receiver of type `test_source`. */
export function fakeSource(): FakeSource {
  const deliveries = new Subject<Delivery>();
  return {
    push: (delivery) => deliveries.next(delivery),
    definition: defineReceiver({
      type: "test_source",
      stability: "development",
      summary: "Takes what a test pushes.",
      signals: SIGNALS,
      config: z.strictObject({}),
      example: "{}",
      create: () => ({ deliveries }),
    }),
  };
}

/** An exporter that keeps what it was sent. */
export interface FakeSink {
  readonly definition: ExporterDefinition;
  readonly batches: Batch[];
  /** Items received so far. */
  items(): number;
}

/** Makes an exporter of type `test_sink`; `send` may throw, wait or reject items. Its configuration is taken as it is. */
export function fakeSink(send: (batch: Batch, context: SendContext) => Promise<void> | void = () => undefined): FakeSink {
  const batches: Batch[] = [];
  return {
    batches,
    items: () => batches.reduce((sum, batch) => sum + batch.itemCount, 0),
    definition: defineExporter({
      type: "test_sink",
      stability: "development",
      summary: "Keeps what it is sent.",
      signals: SIGNALS,
      config: z.looseObject({}),
      example: "{}",
      create: () => ({
        send(batch, context) {
          const sent = send(batch, context);
          if (sent === undefined) return void batches.push(batch);
          return sent.then(() => void batches.push(batch));
        },
      }),
    }),
  };
}
