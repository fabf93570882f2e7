import type { Batch, TraceBatch } from "@tidemark/otlp";
import { logs, traces } from "@tidemark/otlp/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { NodeLedger } from "../ledger/node-ledger.ts";
import { testContext, testDelivery, type TestContext } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { ExporterNode } from "./exporter-node.ts";
import { exporterSettings } from "./exporter-settings.ts";

interface Rig {
  readonly node: ExporterNode;
  readonly context: TestContext;
  readonly sent: Batch[];
  readonly answers: (PipelineError | number | undefined)[];
  push(batch: Batch, metadata?: Readonly<Record<string, string>>): ReturnType<typeof testDelivery>;
}

function rig(queue: object): Rig {
  const context = testContext({ kind: "exporter" });
  const sent: Batch[] = [];
  const answers: Rig["answers"] = [];
  const settings = exporterSettings({ sending_queue: queueField.parse(queue), retry_on_failure: retryField.parse({ enabled: false }) });
  const node = new ExporterNode(
    {
      async send(batch, { rejected }) {
        const answer = answers.shift();
        if (answer instanceof PipelineError) throw answer;
        if (answer !== undefined) rejected(answer, "bad");
        sent.push(batch);
      },
    },
    settings,
    context,
    new NodeLedger({ key: "exporter/test", kind: "exporter", id: "test" }),
  );
  return {
    node,
    context,
    sent,
    answers,
    push(batch, metadata = {}) {
      const delivery = testDelivery(batch, new Map(Object.entries(metadata).map(([key, value]) => [key, [value]])));
      node.consume(delivery);
      return delivery;
    },
  };
}

function spans(count: number, prefix = "s"): Batch {
  return traces({ spans: Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}` })) });
}

function names(batch: Batch): string[] {
  const cursor = (batch as TraceBatch).items();
  const found: string[] = [];
  while (cursor.next()) found.push(cursor.name);
  return found;
}

const sizes = ({ sent }: Rig): number[] => sent.map(({ itemCount }) => itemCount);

describe("a queue that joins batches", () => {
  it("sends what came within flush_timeout as one request, and at once when there is enough", async () => {
    const r = rig({ batch: { min_size: 10, flush_timeout: "200ms" } });
    r.push(spans(2, "a"));
    r.push(spans(3, "b"));
    await r.context.clock.advance(199);
    expect(r.sent).toEqual([]);
    await r.context.clock.advance(1);
    expect(r.sent.map(names)).toEqual([["a0", "a1", "b0", "b1", "b2"]]);
    r.push(spans(4));
    r.push(spans(6));
    await settlePromises();
    expect(sizes(r)).toEqual([5, 10]);
    expect(r.context.clock.pending).toBe(0);
  });

  it("cuts at max_size, and keeps a rest that is too small for the next request", async () => {
    const r = rig({ batch: { min_size: 4, max_size: 5 } });
    r.push(spans(12));
    await settlePromises();
    expect(sizes(r)).toEqual([5, 5]);
    r.push(spans(2));
    await settlePromises();
    expect(sizes(r)).toEqual([5, 5, 4]);
    expect(r.node.ledger.row()).toMatchObject({ received: 14, delivered: 14, held: 0, missing: 0 });
  });

  it("counts bytes where it is told to", async () => {
    const r = rig({ batch: { sizer: "bytes", min_size: 200, max_size: 400 } });
    r.push(spans(100));
    await r.node.shutdown(new AbortController().signal);
    expect(Math.max(...r.sent.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(400);
    expect(r.sent.flatMap(names)).toEqual(names(spans(100)));
  });

  it("keeps signals and the values of metadata_keys apart", async () => {
    const r = rig({ batch: { partition: { metadata_keys: ["X-Tenant"] } } });
    r.push(spans(1, "a"), { "x-tenant": "a" });
    r.push(spans(1, "b"), { "x-tenant": "b" });
    r.push(spans(1, "c"), { "x-tenant": "a", other: "1" });
    r.push(logs({ records: [{ body: "x" }] }), { "x-tenant": "a" });
    await r.context.clock.advance(200);
    expect(r.sent.map(({ signal, itemCount }) => [signal, itemCount])).toEqual([
      ["traces", 2],
      ["traces", 1],
      ["logs", 1],
    ]);
  });

  it("answers each client for its own part", async () => {
    const r = rig({ wait_for_result: true, batch: { min_size: 6, max_size: 6 } });
    r.answers.push(undefined, 3);
    const clients = [r.push(spans(4)), r.push(spans(4)), r.push(spans(4))];
    await settlePromises();
    expect(clients.map(({ outcomes }) => outcomes)).toMatchObject([
      [{ kind: "delivered" }],
      [{ kind: "failed", items: 2 }],
      [{ kind: "failed", items: 1 }],
    ]);
    expect(r.node.ledger.row()).toMatchObject({ delivered: 9, failed: 3, held: 0, missing: 0 });
  });

  it("refuses everybody who had a part in a request that could not be sent", async () => {
    const r = rig({ wait_for_result: true, batch: { min_size: 6, max_size: 6 } });
    r.answers.push(PipelineError.unavailable("down"));
    const clients = [r.push(spans(4)), r.push(spans(4)), r.push(spans(4))];
    await settlePromises();
    expect(clients.map(({ outcomes }) => outcomes[0]?.kind)).toEqual(["refused", "refused", "delivered"]);
  });

  it("sends what waits for others at shutdown", async () => {
    const r = rig({ batch: { flush_timeout: "1h" } });
    r.push(spans(3));
    await r.node.shutdown(new AbortController().signal);
    expect(sizes(r)).toEqual([3]);
  });

  it("loses, doubles and reorders nothing, whatever the sizes", async () => {
    const size = fc.integer({ min: 1, max: 15 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { minLength: 1, maxLength: 12 }),
        size,
        fc.nat(6),
        fc.boolean(),
        async (counts, min, extra, isLimited) => {
          const r = rig({ num_consumers: 1, wait_for_result: true, batch: { min_size: min, max_size: isLimited ? min + extra : 0 } });
          const clients = counts.map((count, index) => r.push(spans(count, `${index}-`)));
          await r.context.clock.advance(400);
          expect(r.sent.flatMap(names)).toEqual(counts.flatMap((count, index) => names(spans(count, `${index}-`))));
          if (isLimited) for (const batch of r.sent) expect(batch.itemCount).toBeLessThanOrEqual(min + extra);
          for (const { outcomes } of clients) expect(outcomes).toEqual([{ kind: "delivered" }]);
          expect(r.node.ledger.row()).toMatchObject({ held: 0, missing: 0 });
          expect(r.node.queueSize).toBe(0);
        },
      ),
      { numRuns: 80 },
    );
  });
});
