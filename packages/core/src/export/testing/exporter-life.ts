import type { Batch, TraceBatch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import type { PipelineError } from "../../contract/pipeline-error.ts";
import { queueField, retryField } from "../../fields/exporter-fields.ts";
import { NodeLedger, type NodeRow } from "../../ledger/node-ledger.ts";
import { MemoryStorage, type MemoryStorageOptions } from "../../testing/memory-storage.ts";
import { testContext, testDelivery, type TestContext } from "../../testing/test-context.ts";
import { ExporterNode } from "../exporter-node.ts";
import { exporterSettings } from "../exporter-settings.ts";

/** Whose queue it is. */
export const OWNER = "exporter/test";

/** One life of an exporter over a disk that outlives it. */
export interface Life {
  readonly node: ExporterNode;
  readonly context: TestContext;
  /** Names of the spans of each request that was taken. */
  readonly sent: string[][];
  /** Answers to come; when there is none, sends succeed. `hang` never answers, a promise when it has settled. */
  readonly answers: (PipelineError | "hang" | Promise<void> | undefined)[];
  push(...names: string[]): ReturnType<typeof testDelivery>;
  pushWith(metadata: Readonly<Record<string, string>>, name: string): void;
  row(): NodeRow;
}

/** A disk in memory; without options it is as fast as it is sound. */
export function disk(options: Partial<MemoryStorageOptions> = {}): MemoryStorage {
  return new MemoryStorage({ clock: testContext().clock, ...options });
}

/** Starts an exporter over a disk. */
export async function life(storage: MemoryStorage, queue: object = {}, retry: object = {}): Promise<Life> {
  const context = testContext({ id: "test", kind: "exporter", extensions: { disk: { storage } } });
  const sent: string[][] = [];
  const answers: Life["answers"] = [];
  const settings = exporterSettings({
    sending_queue: queueField.parse({ storage: "disk", num_consumers: 1, ...queue }),
    retry_on_failure: retryField.parse({ randomization_factor: 0, ...retry }),
  });
  const node = new ExporterNode(
    {
      async send(batch) {
        const answer = answers.shift();
        if (answer === "hang") return new Promise(() => undefined);
        if (answer instanceof Promise) await answer;
        else if (answer !== undefined) throw answer;
        sent.push(names(batch));
      },
    },
    settings,
    context,
    new NodeLedger({ key: OWNER, kind: "exporter", id: "test" }),
  );
  await node.start();
  return {
    node,
    context,
    sent,
    answers,
    row: () => node.ledger.row(),
    pushWith(metadata, name) {
      node.consume(
        testDelivery<Batch>(traces({ spans: [{ name }] }), new Map(Object.entries(metadata).map(([key, value]) => [key, [value]]))),
      );
    },
    push(...spans) {
      const delivery = testDelivery<Batch>(traces({ spans: spans.map((name) => ({ name })) }));
      node.consume(delivery);
      return delivery;
    },
  };
}

function names(batch: Batch): string[] {
  const cursor = (batch as TraceBatch).items();
  const found: string[] = [];
  while (cursor.next()) found.push(cursor.name);
  return found;
}

/** What the clients were told. */
export function kinds(deliveries: readonly { readonly outcomes: readonly { readonly kind: string }[] }[]): (string | undefined)[] {
  return deliveries.map(({ outcomes }) => outcomes[0]?.kind);
}
