import { type Batch, type TraceBatch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField, retryField } from "../fields/exporter-fields.ts";
import { NodeLedger, type NodeRow } from "../ledger/node-ledger.ts";
import { MemoryStorage, type MemoryStorageOptions } from "../testing/memory-storage.ts";
import { testContext, testDelivery, type TestContext } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { ExporterNode } from "./exporter-node.ts";
import { exporterSettings } from "./exporter-settings.ts";

const OWNER = "exporter/test";
const unavailable = PipelineError.unavailable("down");

/** One life of an exporter over a disk that outlives it. */
interface Life {
  readonly node: ExporterNode;
  readonly context: TestContext;
  /** Names of the spans of each request that was taken. */
  readonly sent: string[][];
  /** Answers to come; when there is none, sends succeed. `hang` never answers. */
  readonly answers: (PipelineError | "hang")[];
  push(...names: string[]): ReturnType<typeof testDelivery>;
  pushWith(metadata: Readonly<Record<string, string>>, name: string): void;
  row(): NodeRow;
}

function disk(options: Partial<MemoryStorageOptions> = {}): MemoryStorage {
  return new MemoryStorage({ clock: testContext().clock, ...options });
}

async function life(storage: MemoryStorage, queue: object = {}, retry: object = {}): Promise<Life> {
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
        if (answer !== undefined) throw answer;
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

const kinds = (deliveries: readonly { readonly outcomes: readonly { readonly kind: string }[] }[]): (string | undefined)[] =>
  deliveries.map(({ outcomes }) => outcomes[0]?.kind);

describe("a queue on disk", () => {
  it("answers when the batch is on the disk, not before", async () => {
    const clock = testContext().clock;
    const one = await life(new MemoryStorage({ clock, latencyMs: (operation) => (operation === "append" ? 5 : 0) }));
    const delivery = one.push("a");
    await settlePromises();
    expect(delivery.outcomes).toEqual([]);
    expect(one.row()).toMatchObject({ received: 1, held: 1, missing: 0 });
    await clock.advance(5);
    expect(kinds([delivery])).toEqual(["delivered"]);
    expect(one.sent).toEqual([["a"]]);
  });

  it("sends after a crash what had not been delivered, in its order, and nothing that had", async () => {
    const storage = disk({ random: () => 0.999 });
    const one = await life(storage);
    one.push("a");
    await settlePromises();
    one.answers.push("hang");
    for (const name of ["b", "c", "d"]) one.push(name);
    await settlePromises();
    expect(one.sent).toEqual([["a"]]);
    storage.crash();
    const two = await life(storage);
    await settlePromises();
    expect(two.sent).toEqual([["b"], ["c"], ["d"]]);
    expect(two.row()).toMatchObject({ received: 0, restored: 3, delivered: 3, held: 0, missing: 0 });
    expect(storage.records(OWNER).length).toBeLessThanOrEqual(3);
  });

  it("keeps no more than max_bytes in memory, reads the rest back in order, and comes back to memory", async () => {
    let reads = 0;
    const storage = disk({
      latencyMs: (operation) => {
        if (operation === "read") reads += 1;
        return 0;
      },
    });
    const one = await life(storage, { max_bytes: 2000, queue_size: 500 });
    one.answers.push(unavailable);
    const pushed = Array.from({ length: 200 }, (_, index) => `s${index}`);
    for (const name of pushed) one.push(name);
    await settlePromises();
    expect(one.row()).toMatchObject({ held: 200, missing: 0 });
    await one.context.clock.advance(5000);
    expect(one.sent.flat()).toEqual(pushed);
    expect(reads).toBeGreaterThan(3);
    const before = reads;
    one.push("again");
    await settlePromises();
    expect(one.sent.at(-1)).toEqual(["again"]);
    expect(reads).toBe(before);
    expect(one.row()).toMatchObject({ received: 201, delivered: 201, held: 0, missing: 0 });
  });

  it("keeps the order while batches come in faster than the backlog is read", async () => {
    const clock = testContext().clock;
    const storage = new MemoryStorage({ clock, latencyMs: () => 3 });
    const starting = life(storage, { max_bytes: 600, queue_size: 1000 });
    await clock.advance(3);
    const one = await starting;
    const pushed: string[] = [];
    for (let tick = 0; tick < 300; tick++) {
      pushed.push(`s${tick}`);
      one.push(`s${tick}`);
      await clock.advance(1);
    }
    await clock.advance(1000);
    expect(one.sent.flat()).toEqual(pushed);
    expect(one.row()).toMatchObject({ delivered: 300, held: 0, missing: 0 });
  });

  it("refuses, retryably, when the disk is full; nothing else changes", async () => {
    let bytes = 1.5 * traces({ spans: [{ name: "a" }] }).byteLength;
    const one = await life(disk({ capacityBytes: () => bytes }));
    one.answers.push("hang");
    const first = one.push("a");
    await settlePromises();
    const second = one.push("b");
    await settlePromises();
    expect(kinds([first, second])).toEqual(["delivered", "refused"]);
    expect(second.outcomes[0]).toMatchObject({ error: { retryable: true, retryAfterMs: 1000 } });
    bytes = 1000;
    expect(await settled([one.push("c")])).toEqual(["delivered"]);
    expect(one.row()).toMatchObject({ received: 3, refused: 1, held: 2, missing: 0 });
  });

  it("waits for the disk instead when block_on_overflow is set", async () => {
    let bytes = 10;
    const one = await life(disk({ capacityBytes: () => bytes }), { block_on_overflow: true });
    const delivery = one.push("a");
    await one.context.clock.advance(60_000);
    expect(delivery.outcomes).toEqual([]);
    bytes = 1000;
    await one.context.clock.advance(1000);
    expect(kinds([delivery])).toEqual(["delivered"]);
    expect(one.sent).toEqual([["a"]]);
  });

  it("refuses when queue_size is used up by what is on the disk", async () => {
    const storage = disk();
    const one = await life(storage, { queue_size: 2 });
    one.answers.push("hang");
    expect(await settled([one.push("a"), one.push("b"), one.push("c")])).toEqual(["delivered", "delivered", "refused"]);
    storage.crash();
    const two = await life(storage, { queue_size: 1 });
    expect(two.node.queueSize).toBe(2);
  });
});

async function settled(deliveries: readonly ReturnType<typeof testDelivery>[]): Promise<(string | undefined)[]> {
  await settlePromises();
  return kinds(deliveries);
}

describe("the end of a queue on disk", () => {
  it("leaves what the far side does not take now, without waiting for the deadline, and without a loss", async () => {
    const storage = disk();
    const one = await life(storage);
    one.answers.push(unavailable, unavailable);
    for (const name of ["a", "b"]) one.push(name);
    await settlePromises();
    const deadline = new AbortController();
    await one.node.shutdown(deadline.signal);
    expect(one.row()).toMatchObject({ received: 2, failed: 0, refused: 0, held: 2, missing: 0 });
    expect(one.context.lines.filter(({ level }) => level === "error")).toEqual([]);
    const two = await life(storage);
    await settlePromises();
    expect(two.sent).toEqual([["a"], ["b"]]);
  });

  it("leaves what is under way at the deadline", async () => {
    const storage = disk();
    const one = await life(storage);
    one.answers.push("hang");
    one.push("a");
    one.push("b");
    await settlePromises();
    const deadline = new AbortController();
    const stopped = one.node.shutdown(deadline.signal);
    await settlePromises();
    deadline.abort();
    await stopped;
    expect(one.row()).toMatchObject({ held: 2, failed: 0, missing: 0 });
    expect(storage.records(OWNER).map(({ items }) => items)).toEqual([1, 1]);
  });

  it("sends everything first when the far side takes it", async () => {
    const storage = disk();
    const one = await life(storage, { max_bytes: 200 });
    for (let index = 0; index < 50; index++) one.push(`s${index}`);
    await one.node.shutdown(new AbortController().signal);
    expect(one.sent).toHaveLength(50);
    expect(storage.records(OWNER)).toEqual([]);
  });
});

describe("what cannot be delivered", () => {
  it("goes to the dead letters with its reason", async () => {
    const storage = disk();
    const one = await life(storage, {}, { max_retries: 2 });
    one.answers.push(PipelineError.invalid("no such tenant"), unavailable, unavailable, unavailable);
    one.push("a", "b");
    one.push("c");
    await one.context.clock.advance(60_000);
    expect(storage.deadLetters(OWNER).map(({ record, reason }) => [record.items, reason])).toEqual([
      [2, { reason: "rejected", message: "no such tenant", attempts: 1 }],
      [1, { reason: "retries_exhausted", message: "no more retries left: down", attempts: 3 }],
    ]);
    expect(storage.records(OWNER)).toEqual([]);
    expect(one.row()).toMatchObject({ received: 3, deadLettered: 3, failed: 0, held: 0, missing: 0 });
  });

  it("comes back from them while the queue runs, and is booked as restored", async () => {
    const storage = disk();
    const one = await life(storage);
    one.answers.push(PipelineError.invalid("no"));
    one.push("a");
    one.push("b");
    await settlePromises();
    expect(one.sent).toEqual([["b"]]);
    storage.replay(OWNER);
    await settlePromises();
    expect(one.sent).toEqual([["b"], ["a"]]);
    expect(one.row()).toMatchObject({ received: 2, restored: 1, delivered: 2, deadLettered: 1, held: 0, missing: 0 });
  });

  it("comes back whatever is being stored and read at that moment", async () => {
    for (let offset = 0; offset <= 40; offset++) {
      const clock = testContext().clock;
      const storage = new MemoryStorage({ clock, latencyMs: (operation) => (operation === "append" ? 15 : operation === "read" ? 10 : 0) });
      const one = await life(storage, { queue_size: 100 });
      one.answers.push(PipelineError.invalid("no"));
      one.push("rejected");
      await clock.advance(40);
      one.push("before");
      await clock.advance(offset % 15);
      storage.replay(OWNER);
      await clock.advance(offset);
      one.push("after");
      await clock.advance(1000);
      expect([offset, one.sent.flat().toSorted()]).toEqual([offset, ["after", "before", "rejected"]]);
      expect(one.row()).toMatchObject({ received: 3, restored: 1, delivered: 3, deadLettered: 1, failed: 0, held: 0, missing: 0 });
    }
  });

  it("stays where it is while the dead letters cannot be written", async () => {
    const storage = disk({ fault: (operation, call) => (operation === "bury" && call < 3 ? new Error("disk full") : undefined) });
    const one = await life(storage);
    one.answers.push(PipelineError.invalid("no"));
    one.push("a");
    await one.context.clock.advance(1000);
    expect(one.row()).toMatchObject({ held: 1, deadLettered: 0, missing: 0 });
    await one.context.clock.advance(1000);
    expect(one.row()).toMatchObject({ held: 0, deadLettered: 1, missing: 0 });
  });

  it("is a damaged record only: the others go on", async () => {
    const storage = disk({ random: () => 0.999 });
    const one = await life(storage);
    one.answers.push("hang");
    for (const name of ["a", "b", "c"]) one.push(name, name);
    await settlePromises();
    storage.crash();
    storage.damage(OWNER, 2);
    const two = await life(storage);
    await settlePromises();
    expect(two.sent).toEqual([
      ["a", "a"],
      ["c", "c"],
    ]);
    expect(two.row()).toMatchObject({ restored: 6, delivered: 4, failed: 2, lost: { unreadable: 2 }, held: 0, missing: 0 });
    expect(two.node.queueSize).toBe(0);
  });
});

describe("a storage that hangs", () => {
  it("does not hold the shutdown beyond its deadline, and what it was writing is counted", async () => {
    const never = { clock: { now: () => 0, setTimeout: () => ({ cancel: () => undefined }) } };
    const storage = disk({ ...never, latencyMs: (operation) => (operation === "buryNew" ? 1 : 0) });
    const one = await life(storage, { storage: undefined, dead_letters: { storage: "disk" } });
    one.answers.push(PipelineError.invalid("no"));
    one.push("a");
    await settlePromises();
    expect(one.row()).toMatchObject({ held: 1, missing: 0 });
    const deadline = new AbortController();
    const stopped = one.node.shutdown(deadline.signal);
    await settlePromises();
    deadline.abort();
    await stopped;
    expect(one.row()).toMatchObject({ held: 0, failed: 1, lost: { rejected: 1 }, missing: 0 });
  });

  it("answers nobody before its time", async () => {
    const storage = disk({
      clock: { now: () => 0, setTimeout: () => ({ cancel: () => undefined }) },
      latencyMs: (operation) => (operation === "append" ? 1 : 0),
    });
    const one = await life(storage);
    const delivery = one.push("a");
    await settlePromises();
    expect(delivery.outcomes).toEqual([]);
    expect(one.row()).toMatchObject({ held: 1, missing: 0 });
  });

  it("takes nothing before it is open", () => {
    const context = testContext({ kind: "exporter" });
    const settings = exporterSettings({ sending_queue: queueField.parse({ storage: "disk" }) });
    const ledger = new NodeLedger({ key: OWNER, kind: "exporter", id: "test" });
    const delivery = testDelivery<Batch>(traces({ spans: [{ name: "a" }] }));
    new ExporterNode({ send: () => undefined }, settings, context, ledger).consume(delivery);
    expect(kinds([delivery])).toEqual(["refused"]);
  });
});

describe("removal", () => {
  it("is tried until the storage does it", async () => {
    const storage = disk({ fault: (operation, call) => (operation === "remove" && call < 3 ? new Error("EIO") : undefined) });
    const one = await life(storage);
    one.push("a");
    await one.context.clock.advance(2000);
    await one.node.shutdown(new AbortController().signal);
    expect(storage.records(OWNER)).toEqual([]);
    expect(one.context.lines.filter(({ level }) => level === "warn")).toHaveLength(2);
  });
});

describe("a queue in memory with dead letters", () => {
  it("keeps there what it has accepted and cannot deliver", async () => {
    const storage = disk();
    const one = await life(storage, { storage: undefined, dead_letters: { storage: "disk" } });
    one.answers.push(PipelineError.invalid("no"));
    one.push("a");
    await settlePromises();
    expect(storage.deadLetters(OWNER)).toMatchObject([{ record: { items: 1, transport: "test" }, reason: { reason: "rejected" } }]);
    expect(one.row()).toMatchObject({ deadLettered: 1, failed: 0, held: 0, missing: 0 });
  });
});

describe("joined batches on disk", () => {
  it("leave the disk when every piece of them has arrived", async () => {
    const storage = disk();
    const one = await life(storage, { batch: { min_size: 1, max_size: 2, flush_timeout: "10ms" } });
    one.answers.push(unavailable);
    one.push("a", "b", "c");
    await one.context.clock.advance(10);
    expect(storage.records(OWNER)).toHaveLength(1);
    await one.context.clock.advance(5000);
    await one.node.shutdown(new AbortController().signal);
    expect(one.sent).toEqual([["a", "b"], ["c"]]);
    expect(storage.records(OWNER)).toEqual([]);
  });

  it("stay apart over a restart by the headers that separate them; other headers are not stored", async () => {
    const storage = disk({ random: () => 0.999 });
    const batch = { min_size: 10, flush_timeout: "50ms", partition: { metadata_keys: ["X-Tenant"] } };
    const one = await life(storage, { batch });
    for (const [tenant, name] of [
      ["a", "1"],
      ["b", "2"],
      ["a", "3"],
    ] as const)
      one.pushWith({ "x-tenant": tenant, authorization: "secret" }, name);
    await settlePromises();
    expect(storage.records(OWNER).map(({ metadata }) => [...(metadata ?? [])])).toEqual([
      [["x-tenant", ["a"]]],
      [["x-tenant", ["b"]]],
      [["x-tenant", ["a"]]],
    ]);
    storage.crash();
    const two = await life(storage, { batch });
    await two.context.clock.advance(50);
    expect(two.sent).toEqual([["1", "3"], ["2"]]);
  });

  it("bury the piece that was rejected, not the one that arrived", async () => {
    const storage = disk();
    const one = await life(storage, { batch: { min_size: 1, max_size: 2, flush_timeout: "10ms" } });
    one.answers.push(PipelineError.invalid("no"));
    one.push("a", "b", "c");
    await one.context.clock.advance(10);
    await one.node.shutdown(new AbortController().signal);
    expect(one.sent).toEqual([["c"]]);
    expect(storage.deadLetters(OWNER).map(({ record }) => record.items)).toEqual([2]);
    expect(one.row()).toMatchObject({ received: 3, delivered: 1, deadLettered: 2, held: 0, missing: 0 });
  });
});
