import { createNoopMeter, type Counter, type Meter } from "@opentelemetry/api";
import { DELIVERED, PipelineError, type Delivery, type Outcome } from "@tidemark/core";
import { testContext, testDelivery, type TestContext } from "@tidemark/core/testing";
import { openBatch, type Batch } from "@tidemark/otlp";
import { metrics, spanNames, spans } from "@tidemark/otlp/testing";
import fc from "fast-check";
import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { createBatchProcessor } from "./batch.ts";
import { batchConfig } from "./config.ts";

interface Bench {
  readonly context: TestContext;
  readonly out: Delivery[];
  readonly held: () => number;
  push(batch: Batch, metadata?: ReadonlyMap<string, readonly string[]>): { readonly outcomes: Outcome[] };
  hurry(): void;
  shutdown(): void;
  stop(): void;
}

function bench(config: Record<string, unknown> = {}): Bench {
  const context = testContext({ id: "batch" });
  const processor = createBatchProcessor(batchConfig.parse(config), context);
  const source = new Subject<Delivery>();
  const out: Delivery[] = [];
  const subscription = source.pipe(processor.operator).subscribe((delivery) => out.push(delivery));
  return {
    context,
    out,
    held: () => processor.held(),
    push(batch, metadata) {
      const delivery = testDelivery(batch, metadata);
      source.next(delivery);
      return delivery;
    },
    hurry: () => processor.hurry?.(),
    shutdown: () => void processor.shutdown?.(AbortSignal.timeout(1000)),
    stop: () => subscription.unsubscribe(),
  };
}

const refused: Outcome = { kind: "refused", error: PipelineError.unavailable("later") };

describe("when a batch goes", () => {
  it("waits for the time-out and joins what came", async () => {
    const b = bench();
    b.push(spans(2, "a"));
    b.push(spans(1, "b"));
    await b.context.clock.advance(199);
    expect(b.out).toHaveLength(0);
    expect(b.held()).toBe(3);
    await b.context.clock.advance(1);
    expect(b.out.map((delivery) => spanNames(delivery.batch))).toEqual([["a0", "a1", "b0"]]);
    expect(b.held()).toBe(0);
  });

  it("goes at once when enough items wait", () => {
    const b = bench({ send_batch_size: 3 });
    b.push(spans(2));
    expect(b.out).toHaveLength(0);
    b.push(spans(2));
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([4]);
  });

  it("passes a large request through untouched, compressed body included", () => {
    const b = bench({ send_batch_size: 3 });
    const body = { encoding: "gzip", bytes: new Uint8Array([1]) };
    const batch = openBatch("traces", spans(3).encode(), { compressed: body });
    b.push(batch);
    expect(b.out[0]?.batch).toBe(batch);
    expect(b.out[0]?.batch.compressed).toEqual(body);
  });

  it("lets nobody wait who sends nothing", async () => {
    const b = bench({ send_batch_size: 3, send_batch_max_size: 3 });
    b.push(spans(2));
    b.push(spans(0));
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([0]);
    await b.context.clock.advance(200);
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([0, 2]);
  });

  it("with timeout 0s sends every request by itself", () => {
    const b = bench({ timeout: "0s" });
    b.push(spans(1));
    b.push(spans(2));
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([1, 2]);
  });

  it("counts data points", () => {
    const b = bench({ send_batch_size: 3 });
    b.push(metrics({ metrics: [{ name: "m", sum: [{ value: 1 }, { value: 2 }, { value: 3 }] }] }));
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([3]);
  });

  it("waits for nobody any more when the end is near", async () => {
    const b = bench({ timeout: "1h" });
    b.push(spans(1));
    b.hurry();
    b.push(spans(2));
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([1, 2]);
    expect(b.context.clock.pending).toBe(0);
  });

  it("sends what waits on shutdown, and refuses afterwards", () => {
    const b = bench();
    b.push(spans(1));
    b.shutdown();
    expect(b.out).toHaveLength(1);
    expect(b.push(spans(1)).outcomes[0]?.kind).toBe("refused");
  });

  it("gives back what waits when the stream is cut", () => {
    const b = bench();
    const client = b.push(spans(1));
    b.stop();
    expect(client.outcomes[0]?.kind).toBe("refused");
    expect(b.context.clock.pending).toBe(0);
  });
});

describe("clients that wait for their answers", () => {
  async function rounds(clients: number, count: number): Promise<number> {
    const b = bench();
    const startedAt = b.context.clock.now();
    for (let round = 0; round < count; round += 1) {
      const answers = Array.from({ length: clients }, (_, index) => b.push(spans(1, `c${index}-`)));
      for (let tries = 0; tries < 400 && answers[0]?.outcomes.length === 0; tries += 1) {
        await b.context.clock.advance(1);
        for (const delivery of b.out.splice(0)) delivery.settlement.settle(DELIVERED);
      }
      expect(answers.every((answer) => answer.outcomes[0]?.kind === "delivered")).toBe(true);
    }
    return b.context.clock.now() - startedAt;
  }

  it("costs one client the time-out once, and then a turn a round", async () => {
    expect(await rounds(1, 20)).toBeLessThanOrEqual(200 + 19);
  });

  it("costs ten clients the time-out once", async () => {
    expect(await rounds(10, 20)).toBeLessThanOrEqual(200 + 19);
  });

  it("finds the larger number when more clients come, and still joins all of them", async () => {
    const b = bench();
    b.push(spans(1));
    await b.context.clock.advance(200);
    for (let at = 0; at < 8; at += 1) b.push(spans(1));
    await b.context.clock.advance(1);
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([1, 8]);
    for (let at = 0; at < 4; at += 1) b.push(spans(1));
    await b.context.clock.advance(100);
    expect(b.out).toHaveLength(2);
    await b.context.clock.advance(100);
    expect(b.out[2]?.batch.itemCount).toBe(4);
  });

  it("leaves the joining of an open stream to the time-out", async () => {
    const b = bench();
    for (let tick = 0; tick < 200; tick += 1) {
      b.push(spans(1));
      await b.context.clock.advance(10);
    }
    // 100 requests a second for 2 s: about 20 in each window.
    expect(b.out.length).toBeLessThanOrEqual(12);
  });
});

describe("settlement", () => {
  it("tells every client what became of the batch", async () => {
    const b = bench();
    const one = b.push(spans(1));
    const two = b.push(spans(1));
    await b.context.clock.advance(200);
    expect([...one.outcomes, ...two.outcomes]).toEqual([]);
    b.out[0]?.settlement.settle(refused);
    expect(one.outcomes).toEqual([refused]);
    expect(two.outcomes).toEqual([refused]);
  });

  it("waits for all batches that a request was spread over", () => {
    const b = bench({ send_batch_size: 2, send_batch_max_size: 2 });
    const client = b.push(spans(5));
    b.shutdown();
    expect(b.out.map((delivery) => delivery.batch.itemCount)).toEqual([2, 2, 1]);
    b.out[0]?.settlement.settle(DELIVERED);
    b.out[1]?.settlement.settle(refused);
    expect(client.outcomes).toEqual([]);
    b.out[2]?.settlement.settle(DELIVERED);
    expect(client.outcomes).toEqual([refused]);
  });

  it("loses, doubles and reorders nothing, whatever the sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 6 }),
        async (sizes, size, extra) => {
          const max = extra === 0 ? 0 : size + extra;
          const b = bench({ send_batch_size: size, send_batch_max_size: max });
          const clients = sizes.map((count, index) => b.push(spans(count, `${index}-`)));
          await b.context.clock.advance(200);
          expect(b.out.flatMap((delivery) => spanNames(delivery.batch))).toEqual(
            sizes.flatMap((count, index) => Array.from({ length: count }, (_, at) => `${index}-${at}`)),
          );
          if (max > 0) for (const delivery of b.out) expect(delivery.batch.itemCount).toBeLessThanOrEqual(max);
          for (const delivery of b.out) delivery.settlement.settle(DELIVERED);
          for (const client of clients) expect(client.outcomes).toEqual([DELIVERED]);
          expect(b.held()).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("metadata", () => {
  const of = (tenant: string): ReadonlyMap<string, readonly string[]> =>
    new Map([
      ["x-tenant", [tenant]],
      ["x-other", ["1"]],
    ]);

  it("joins only requests with the same values, and carries them on", async () => {
    const b = bench({ metadata_keys: ["X-Tenant"] });
    b.push(spans(1), of("a"));
    b.push(spans(1), of("b"));
    b.push(spans(1), of("a"));
    await b.context.clock.advance(200);
    expect(b.out.map((delivery) => [delivery.context.metadata?.get("x-tenant")?.[0], delivery.batch.itemCount])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(b.out[0]?.context.metadata?.has("x-other")).toBe(false);
  });

  it("fails a request with one combination too many", () => {
    const b = bench({ metadata_keys: ["x-tenant"], metadata_cardinality_limit: 1 });
    b.push(spans(1), of("a"));
    const client = b.push(spans(2), of("b"));
    expect(client.outcomes[0]).toMatchObject({
      kind: "failed",
      items: 2,
      error: { message: "too many batcher metadata-value combinations", retryable: false },
    });
  });
});

describe("options", () => {
  it.each([
    [{ send_batch_size: 10, send_batch_max_size: 5 }, "send_batch_max_size must be greater or equal to send_batch_size"],
    [{ metadata_keys: ["x", "X"] }, 'duplicate entry in metadata_keys: "x" (case-insensitive)'],
  ])("rejects %o", (config, message) => {
    expect(batchConfig.safeParse(config).error?.issues[0]?.message).toBe(message);
  });
});

/** A meter that writes down what is added to counters. */
function recordingMeter(seen: unknown[]): Meter {
  const createCounter = (name: string): Counter => ({ add: (value, labels) => void seen.push([name, value, labels]) });
  return Object.assign(Object.create(createNoopMeter()) as Meter, { createCounter });
}

describe("metrics", () => {
  it("say what made each batch go", async () => {
    const seen: unknown[] = [];
    const context = { ...testContext({ id: "batch" }), meter: recordingMeter(seen) };
    const source = new Subject<Delivery>();
    source.pipe(createBatchProcessor(batchConfig.parse({ send_batch_size: 3 }), context).operator).subscribe();
    source.next(testDelivery(spans(3)));
    source.next(testDelivery(spans(1)));
    await context.clock.advance(200);
    source.next(testDelivery(spans(1)));
    await context.clock.advance(1);
    expect(seen.map((entry) => (entry as readonly unknown[])[0])).toEqual([
      "otelcol_processor_batch_batch_size_trigger_send",
      "otelcol_processor_batch_timeout_trigger_send",
      "tidemark_processor_batch_idle_trigger_send",
    ]);
  });
});
