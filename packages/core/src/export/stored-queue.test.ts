import type { Batch } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { queueField } from "../fields/exporter-fields.ts";
import { NodeLedger } from "../ledger/node-ledger.ts";
import { MemoryStorage } from "../testing/memory-storage.ts";
import { testContext, testDelivery } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { ExporterNode } from "./exporter-node.ts";
import { exporterSettings } from "./exporter-settings.ts";
import { disk, kinds, life, OWNER } from "./testing/exporter-life.ts";

const unavailable = PipelineError.unavailable("down");

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

  it.each([true, false])(
    "fails what can never be stored, and holds nobody up for it (block_on_overflow: %s)",
    async (block_on_overflow) => {
      const never = PipelineError.invalid("a record of 5 bytes can never be stored");
      const one = await life(disk({ fault: (operation, call) => (operation === "append" && call === 1 ? never : undefined) }), {
        block_on_overflow,
      });
      const deliveries = [one.push("a", "b"), one.push("c")];
      await settlePromises();
      expect(deliveries.map(({ outcomes }) => outcomes)).toEqual([[{ kind: "failed", error: never, items: 2 }], [{ kind: "delivered" }]]);
      expect(one.row()).toMatchObject({ received: 3, delivered: 1, failed: 2, lost: { not_storable: 2 }, held: 0, missing: 0 });
      expect(one.node.queueSize).toBe(0);
    },
  );

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

  it("comes also when nothing of what is left can be read", async () => {
    const clock = testContext().clock;
    const storage = new MemoryStorage({ clock, random: () => 0.999, latencyMs: (operation) => (operation === "read" ? 5 : 0) });
    const one = await life(storage);
    one.answers.push("hang");
    one.push("a");
    await settlePromises();
    storage.crash();
    storage.damage(OWNER, 1);
    const two = await life(storage);
    let isStopped = false;
    void two.node.shutdown(new AbortController().signal).then(() => (isStopped = true));
    await clock.advance(5);
    expect([isStopped, two.row()]).toMatchObject([true, { lost: { unreadable: 1 }, held: 0, missing: 0 }]);
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

  it("does not hold the shutdown much longer than its deadline while it forgets what was delivered", async () => {
    const clock = testContext().clock;
    const storage = new MemoryStorage({ clock, latencyMs: (operation) => (operation === "remove" ? 1e9 : 0) });
    const one = await life(storage);
    one.push("a");
    await settlePromises();
    const deadline = new AbortController();
    let isStopped = false;
    void one.node.shutdown(deadline.signal).then(() => (isStopped = true));
    await one.context.clock.advance(60_000);
    expect([isStopped, one.row()]).toMatchObject([false, { delivered: 1, held: 0, missing: 0 }]);
    deadline.abort();
    await one.context.clock.advance(4999);
    expect(isStopped).toBe(false);
    await one.context.clock.advance(1);
    expect(isStopped).toBe(true);
  });

  it("does not hold the shutdown much longer than its deadline while it stores", async () => {
    const clock = testContext().clock;
    const one = await life(new MemoryStorage({ clock, latencyMs: (operation) => (operation === "append" ? 1e9 : 0) }));
    const delivery = one.push("a");
    let isStopped = false;
    void one.node.shutdown(AbortSignal.abort()).then(() => (isStopped = true));
    await one.context.clock.advance(4999);
    expect(isStopped).toBe(false);
    await one.context.clock.advance(1);
    expect([isStopped, delivery.outcomes]).toEqual([true, []]);
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
