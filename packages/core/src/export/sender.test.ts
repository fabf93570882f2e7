import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import type { SendContext } from "../contract/component.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { NodeLedger } from "../ledger/node-ledger.ts";
import { testContext, testDelivery, type TestContext } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { ExporterNode } from "./exporter-node.ts";
import { exporterSettings } from "./exporter-settings.ts";

const unavailable = PipelineError.unavailable("down");

interface Call {
  readonly at: number;
  readonly items: number;
  readonly compression: SendContext["compression"];
}

interface Rig {
  readonly node: ExporterNode;
  readonly context: TestContext;
  readonly calls: Call[];
  /** What a call at this time (milliseconds after the start) throws, and how long it takes. */
  world: { error(at: number, items: number): PipelineError | undefined; ms: number };
  push(...sizes: number[]): ReturnType<typeof testDelivery>[];
}

function rig(queue: object, retry: object = {}): Rig {
  const context = testContext({ kind: "exporter" });
  const startedAt = context.clock.now();
  const calls: Call[] = [];
  const settings = exporterSettings({
    sending_queue: queueField.parse(queue),
    retry_on_failure: retryField.parse({ randomization_factor: 0, ...retry }),
  });
  const rigged: Rig = {
    context,
    calls,
    world: { error: () => undefined, ms: 0 },
    node: new ExporterNode(
      {
        async send(batch, { compression }) {
          const at = context.clock.now() - startedAt;
          calls.push({ at, items: batch.itemCount, compression });
          const { ms } = rigged.world;
          if (ms > 0) await new Promise<void>((resolve) => context.clock.setTimeout(resolve, ms));
          const error = rigged.world.error(at, batch.itemCount);
          if (error !== undefined) throw error;
        },
      },
      settings,
      context,
      new NodeLedger({ key: "exporter/test", kind: "exporter", id: "test" }),
    ),
    push: (...sizes) =>
      sizes.map((size) => {
        const delivery = testDelivery<Batch>(traces({ spans: Array.from({ length: size }, () => ({ name: "op" })) }));
        rigged.node.consume(delivery);
        return delivery;
      }),
  };
  return rigged;
}

describe("max_retries", () => {
  it("gives up after so many retries", async () => {
    const r = rig({ wait_for_result: true }, { max_retries: 5, circuit_breaker: { enabled: false } });
    r.world.error = () => unavailable;
    const [delivery] = r.push(1);
    await r.context.clock.advance(200_000);
    expect(r.calls).toHaveLength(6);
    expect(delivery?.outcomes).toMatchObject([{ kind: "refused", error: { message: "no more retries left: down" } }]);
  });

  it("tells of what it gives up after the client had its answer", async () => {
    const r = rig({}, { max_retries: 1 });
    r.world.error = () => unavailable;
    r.push(3);
    await r.context.clock.advance(60_000);
    expect(r.node.ledger.row()).toMatchObject({ failed: 3, lost: { retries_exhausted: 3 }, held: 0, missing: 0 });
  });
});

describe("the circuit breaker in front of an exporter", () => {
  it("calls nobody while it is open, and goes on with one probe", async () => {
    const r = rig({ num_consumers: 10 }, { max_elapsed_time: "0s", circuit_breaker: { half_open_after: "20s" } });
    r.world.error = (at) => (at < 30_000 ? unavailable : undefined);
    r.push(...Array.from({ length: 3 }, () => 1));
    await settlePromises();
    expect([r.node.breaker, r.calls.length]).toEqual(["open", 3]);
    r.push(...Array.from({ length: 7 }, () => 1));
    await r.context.clock.advance(15_999);
    expect(r.calls).toHaveLength(3);
    await r.context.clock.advance(9000);
    expect([r.node.breaker, r.calls.length]).toEqual(["open", 4]);
    await r.context.clock.advance(60_000);
    expect(r.node.breaker).toBe("closed");
    expect(r.node.ledger.row()).toMatchObject({ delivered: 10, held: 0, missing: 0 });
    expect(r.context.lines.filter(({ message }) => message.startsWith("The circuit breaker")).map(({ level }) => level)).toEqual([
      "warn",
      "info",
    ]);
  });

  it("does not let batches grow old while it is open, and wakes who waits when the far side is back", async () => {
    const r = rig({ num_consumers: 4 }, { max_elapsed_time: "1m", circuit_breaker: { half_open_after: "10s" } });
    r.world.error = (at) => (at < 120_000 ? unavailable : undefined);
    r.push(1, 1, 1, 1);
    await r.context.clock.advance(140_000);
    expect(r.node.ledger.row()).toMatchObject({ delivered: 4, failed: 0 });
    const lastCalls = r.calls.filter(({ at }) => at >= 120_000).map(({ at }) => at);
    expect(lastCalls).toHaveLength(4);
    expect(new Set(lastCalls).size).toBe(1);
  });

  it("gives one bad batch up, and does not keep the others from arriving for its sake", async () => {
    const r = rig({ num_consumers: 2 }, { max_elapsed_time: "1m" });
    r.world.error = (_, items) => (items === 7 ? unavailable : undefined);
    r.push(7, 1, 1, 1);
    await r.context.clock.advance(1000);
    expect(r.node.ledger.row()).toMatchObject({ delivered: 3 });
    await r.context.clock.advance(600_000);
    expect(r.node.ledger.row()).toMatchObject({ delivered: 3, failed: 7, held: 0 });
  });

  it("stays closed for who only throttles", async () => {
    const r = rig({ num_consumers: 5 });
    r.world.error = (at) => (at < 1000 ? PipelineError.exhausted("429", 2000) : undefined);
    r.push(1, 1, 1, 1, 1);
    await settlePromises();
    expect([r.node.breaker, r.node.concurrency]).toEqual(["closed", 2]);
    await r.context.clock.advance(5000);
    expect(r.node.ledger.row()).toMatchObject({ delivered: 5 });
  });
});

describe("a Retry-After", () => {
  it.each([Number.POSITIVE_INFINITY, 1e14, 7 * 86_400_000])("of %d ms stops nobody for longer than an hour", async (retryAfterMs) => {
    const r = rig({ num_consumers: 1 }, { max_elapsed_time: "0s", circuit_breaker: { failures: 1 } });
    r.world.error = (at) => (at < 1000 ? PipelineError.unavailable("come back", retryAfterMs) : undefined);
    r.push(1, 1);
    await r.context.clock.advance(3_599_000);
    expect(r.calls).toHaveLength(1);
    await r.context.clock.advance(3_600_000);
    expect(r.node.ledger.row()).toMatchObject({ delivered: 2, held: 0 });
  });

  it.each([-5000, Number.NaN, 0])("of %d ms is none", async (retryAfterMs) => {
    const r = rig({ num_consumers: 1 }, { initial_interval: "5s", circuit_breaker: { enabled: false } });
    r.world.error = (at) => (at < 1000 ? PipelineError.unavailable("come back", retryAfterMs) : undefined);
    r.push(1);
    await r.context.clock.advance(4999);
    expect(r.calls).toHaveLength(1);
    await r.context.clock.advance(1);
    expect(r.calls).toHaveLength(2);
  });
});

describe("degradation of an exporter", () => {
  it("sends compressed requests of 200 items while the p99 is above 2 s, and as before when it has recovered", async () => {
    const r = rig({ num_consumers: 4, degrade: {} });
    r.world.ms = 2500;
    for (let second = 0; second < 30; second++) {
      r.push(50, 50, 500);
      await r.context.clock.advance(1000);
    }
    expect(r.node.isDegraded).toBe(true);
    const slow = r.calls.slice(-6);
    expect(slow.every(({ compression, items }) => compression === "gzip" && items <= 200)).toBe(true);
    expect(slow.filter(({ items }) => items === 200).length).toBeGreaterThanOrEqual(4);
    r.world.ms = 100;
    for (let second = 0; second < 60; second++) {
      r.push(50);
      await r.context.clock.advance(1000);
    }
    expect(r.node.isDegraded).toBe(false);
    expect(r.calls.at(-1)).toMatchObject({ items: 50, compression: undefined });
    expect(r.node.ledger.row()).toMatchObject({ received: 30 * 600 + 60 * 50, held: 0, missing: 0 });
  });
});
