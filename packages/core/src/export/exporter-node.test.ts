import { traces } from "@tidemark/otlp/testing";
import type { Batch } from "@tidemark/otlp";
import { describe, expect, it } from "vitest";
import type { Exporter } from "../contract/component.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { NodeLedger } from "../ledger/node-ledger.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { testContext, testDelivery, type TestContext } from "../testing/test-context.ts";
import { ExporterNode } from "./exporter-node.ts";
import { exporterSettings } from "./exporter-settings.ts";

interface Rig {
  readonly node: ExporterNode;
  readonly context: TestContext;
  readonly sent: Batch[];
  /** Answers for the next sends; when empty, sends succeed. */
  readonly script: (Error | "hang" | number)[];
}

function rig(config: { queue?: object; retry?: object; timeout?: number }): Rig {
  const context = testContext({ kind: "exporter" });
  const sent: Batch[] = [];
  const script: Rig["script"] = [];
  const exporter: Exporter = {
    async send(batch, { rejected }) {
      const step = script.shift();
      if (step === "hang") return new Promise(() => undefined);
      if (typeof step === "number") rejected(step, "bad items");
      else if (step !== undefined) throw step;
      sent.push(batch);
    },
  };
  const settings = exporterSettings({
    sending_queue: queueField.parse(config.queue ?? { enabled: false }),
    retry_on_failure: retryField.parse(config.retry ?? { enabled: false }),
    timeout: config.timeout ?? 0,
  });
  const ledger = new NodeLedger({ key: "exporter/test", kind: "exporter", id: "test" });
  return { context, sent, script, node: new ExporterNode(exporter, settings, context, ledger) };
}

const spans = (count: number): Batch => traces({ spans: Array.from({ length: count }, () => ({ name: "op" })) });
const unavailable = PipelineError.unavailable("down");

function consume({ node }: Rig, batch: Batch): ReturnType<typeof testDelivery> {
  const delivery = testDelivery(batch);
  node.consume(delivery);
  return delivery;
}

describe("an exporter without a queue", () => {
  it("answers with what became of the batch", async () => {
    const r = rig({});
    r.script.push(PipelineError.invalid("never"), unavailable, 2);
    const deliveries = [consume(r, spans(3)), consume(r, spans(3)), consume(r, spans(3)), consume(r, spans(3))];
    await settlePromises();
    expect(deliveries.map(({ outcomes }) => outcomes.map((outcome) => outcome.kind))).toEqual([
      ["failed"],
      ["refused"],
      ["failed"],
      ["delivered"],
    ]);
    expect(r.node.ledger.row()).toMatchObject({ received: 12, delivered: 4, failed: 5, refused: 3, held: 0, missing: 0 });
  });

  it("aborts an attempt that takes longer than its timeout", async () => {
    const r = rig({ timeout: 5000 });
    r.script.push("hang");
    const delivery = consume(r, spans(1));
    await r.context.clock.advance(4999);
    expect(delivery.outcomes).toEqual([]);
    await r.context.clock.advance(1);
    expect(delivery.outcomes).toMatchObject([{ kind: "refused", error: { code: "deadline_exceeded" } }]);
  });
});

describe("what an exporter says", () => {
  it("is taken for no more than it can mean: items that it rejects are none, some or all", async () => {
    const r = rig({});
    r.script.push(-2, 7, Number.NaN, 0.5, 0);
    const deliveries = [3, 3, 3, 3, 3].map((count) => consume(r, spans(count)));
    await settlePromises();
    expect(deliveries.map(({ outcomes: [outcome] }) => (outcome?.kind === "failed" ? outcome.items : outcome?.kind))).toEqual([
      "delivered",
      3,
      "delivered",
      "delivered",
      "delivered",
    ]);
    expect(r.node.ledger.row()).toMatchObject({ received: 15, delivered: 12, failed: 3, held: 0, missing: 0 });
  });

  it("is no verdict on the data when a system call has failed", async () => {
    const r = rig({ retry: { randomization_factor: 0 } });
    const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" });
    r.script.push(reset, new TypeError("fetch failed", { cause: reset }), new TypeError("x is not a function"));
    const delivery = consume(r, spans(1));
    await r.context.clock.advance(5000);
    expect(delivery.outcomes).toEqual([]);
    await r.context.clock.advance(7500);
    expect(delivery.outcomes).toMatchObject([{ kind: "failed", error: { code: "internal", message: "x is not a function" } }]);
  });

  it("may be said at once, by an exception", async () => {
    const context = testContext({ kind: "exporter" });
    const ledger = new NodeLedger({ key: "exporter/test", kind: "exporter", id: "test" });
    const send = (): void => {
      throw PipelineError.invalid("cannot serialise");
    };
    const node = new ExporterNode(
      { send },
      exporterSettings({ sending_queue: queueField.parse({ wait_for_result: true }) }),
      context,
      ledger,
    );
    const delivery = testDelivery(spans(2));
    node.consume(delivery);
    await settlePromises();
    expect(delivery.outcomes).toMatchObject([{ kind: "failed", items: 2 }]);
    expect(ledger.row()).toMatchObject({ failed: 2, held: 0, missing: 0 });
  });
});

describe("a batch without items", () => {
  it.each([{}, { sizer: "items" }, { batch: { min_size: 2, max_size: 2 } }, { wait_for_result: true, batch: { min_size: 1 } }])(
    "holds nobody up in a queue with %j",
    async (queue) => {
      const r = rig({ queue });
      const deliveries = [consume(r, spans(2)), consume(r, spans(0)), consume(r, spans(1)), consume(r, spans(0))];
      await r.context.clock.advance(1000);
      expect(deliveries.map(({ outcomes }) => outcomes)).toEqual(deliveries.map(() => [{ kind: "delivered" }]));
      expect([r.node.queueSize, r.sent.map(({ itemCount }) => itemCount)]).toEqual([0, expect.not.arrayContaining([0])]);
      await r.node.shutdown(new AbortController().signal);
    },
  );
});

describe("retry", () => {
  it("backs off with the Collector's defaults and honours a longer Retry-After", async () => {
    const r = rig({ retry: { randomization_factor: 0 } });
    r.script.push(unavailable, PipelineError.unavailable("busy", 60_000), unavailable);
    const delivery = consume(r, spans(1));
    await settlePromises();
    await r.context.clock.advance(5000);
    await r.context.clock.advance(59_999);
    expect(r.script).toHaveLength(1);
    await r.context.clock.advance(1);
    expect(r.script).toHaveLength(0);
    await r.context.clock.advance(11_250);
    expect(delivery.outcomes).toMatchObject([{ kind: "delivered" }]);
  });

  it("gives up after max_elapsed_time and says so", async () => {
    const r = rig({ retry: { randomization_factor: 0, max_interval: "10s", max_elapsed_time: "12s" } });
    r.script.push(...Array.from({ length: 50 }, () => unavailable));
    const delivery = consume(r, spans(1));
    await r.context.clock.advance(60_000);
    expect(delivery.outcomes).toMatchObject([{ kind: "refused", error: { message: "no more retries left: down" } }]);
  });

  it("never retries what cannot succeed", async () => {
    const r = rig({ retry: {} });
    r.script.push(PipelineError.invalid("bad"));
    const delivery = consume(r, spans(4));
    await settlePromises();
    expect(delivery.outcomes).toMatchObject([{ kind: "failed", items: 4 }]);
    expect(r.context.clock.pending).toBe(0);
  });
});

describe("the sending queue", () => {
  it("answers as soon as a batch has found room, and keeps it until it is sent", async () => {
    const r = rig({ queue: { num_consumers: 1 } });
    r.script.push("hang");
    const first = consume(r, spans(2));
    const second = consume(r, spans(2));
    await settlePromises();
    expect([first, second].map(({ outcomes }) => outcomes[0]?.kind)).toEqual(["delivered", "delivered"]);
    expect(r.node.ledger.row()).toMatchObject({ received: 4, delivered: 0, held: 4, missing: 0 });
  });

  it("refuses when it is full", async () => {
    const r = rig({ queue: { num_consumers: 1, queue_size: 5, sizer: "items" } });
    r.script.push("hang");
    const kinds = [3, 2, 1].map((count) => consume(r, spans(count)).outcomes[0]?.kind);
    expect(kinds).toEqual(["delivered", "delivered", "refused"]);
    expect(r.node.ledger.row()).toMatchObject({ received: 6, held: 5, refused: 1, missing: 0 });
    expect(r.context.lines).toEqual([
      { level: "warn", message: "Sending queue is full. Refusing data.", fields: { queue_size: 5, queue_capacity: 5, refused_items: 1 } },
    ]);
  });

  it("is full when its bytes are used up, whatever it counts; one batch always fits", () => {
    const r = rig({ queue: { num_consumers: 1, max_bytes: 300 } });
    r.script.push("hang");
    const kinds = [50, 1, 1].map((count) => consume(r, spans(count)).outcomes[0]?.kind);
    expect(kinds).toEqual(["delivered", "refused", "refused"]);
  });

  it("does not keep a whole request for the few items of it that wait", async () => {
    const r = rig({ queue: { num_consumers: 1 }, retry: { randomization_factor: 0 } });
    r.script.push(unavailable);
    consume(r, spans(1));
    const request = traces({ spans: Array.from({ length: 500 }, (_, index) => ({ name: `op ${index}` })) });
    consume(
      r,
      request.filter((span) => span.index === 7),
    );
    await r.context.clock.advance(5000);
    const [, sent] = r.sent;
    expect(sent?.toObject()).toEqual(request.filter((span) => span.index === 7).toObject());
    expect(sent?.memoryBytes).toBeLessThan(request.memoryBytes / 10);
  });

  it("makes the sender wait instead when block_on_overflow is set", async () => {
    const r = rig({ queue: { num_consumers: 1, queue_size: 1, block_on_overflow: true }, retry: { randomization_factor: 0 } });
    r.script.push(unavailable);
    const deliveries = [1, 1, 1].map((count) => consume(r, spans(count)));
    await settlePromises();
    expect(deliveries.map(({ outcomes }) => outcomes.length)).toEqual([1, 0, 0]);
    await r.context.clock.advance(5000);
    expect(deliveries.map(({ outcomes }) => outcomes.map((outcome) => outcome.kind))).toEqual([
      ["delivered"],
      ["delivered"],
      ["delivered"],
    ]);
    expect(r.sent).toHaveLength(3);
  });

  it("answers with the result when wait_for_result is set", async () => {
    const r = rig({ queue: { wait_for_result: true } });
    r.script.push(PipelineError.invalid("bad"));
    const delivery = consume(r, spans(2));
    expect(delivery.outcomes).toEqual([]);
    await settlePromises();
    expect(delivery.outcomes).toMatchObject([{ kind: "failed", items: 2 }]);
  });

  it("empties itself at shutdown", async () => {
    const r = rig({ queue: { num_consumers: 1 }, retry: { randomization_factor: 0 } });
    r.script.push(unavailable);
    for (let index = 0; index < 5; index++) consume(r, spans(1));
    let stopped = false;
    void r.node.shutdown(new AbortController().signal).then(() => (stopped = true));
    await settlePromises();
    expect(stopped).toBe(false);
    await r.context.clock.advance(5000);
    expect(stopped).toBe(true);
    expect(r.sent).toHaveLength(5);
  });

  it("gives up at the deadline, counts what is lost and says so", async () => {
    const r = rig({ queue: { num_consumers: 1 }, retry: {} });
    r.script.push("hang");
    consume(r, spans(2));
    consume(r, spans(3));
    const deadline = new AbortController();
    const stopped = r.node.shutdown(deadline.signal);
    await settlePromises();
    r.script.push(...Array.from({ length: 5 }, () => unavailable));
    deadline.abort();
    await stopped;
    expect(r.node.ledger.row()).toMatchObject({ received: 5, failed: 5, held: 0, missing: 0 });
    expect(r.context.lines.filter((line) => line.level === "error").map((line) => line.fields["dropped_items"])).toEqual([2, 3]);
  });
});
