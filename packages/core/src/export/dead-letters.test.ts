import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { MemoryStorage } from "../testing/memory-storage.ts";
import { testContext } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { DeadLetters } from "./dead-letters.ts";
import { makeEntry, wholeShipment } from "./queue-entry.ts";
import { disk, life, OWNER } from "./testing/exporter-life.ts";

const unavailable = PipelineError.unavailable("down");

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

  it("keeps nothing else waiting while the dead letters cannot be written", async () => {
    const storage = disk({ fault: (operation, call) => (operation === "bury" && call < 9 ? new Error("disk full") : undefined) });
    const one = await life(storage);
    const rejected = PipelineError.invalid("no");
    one.answers.push(rejected, rejected);
    for (const name of ["a", "b", "c", "d"]) one.push(name);
    await settlePromises();
    expect(one.sent).toEqual([["c"], ["d"]]);
    expect(one.row()).toMatchObject({ held: 2, delivered: 2, missing: 0 });
    await one.context.clock.advance(5000);
    expect(one.row()).toMatchObject({ held: 0, delivered: 2, deadLettered: 2, missing: 0 });
  });

  it("holds the queue when too much of it waits for the disk", async () => {
    let isFull = true;
    const storage = disk({ fault: (operation) => (operation === "bury" && isFull ? new Error("disk full") : undefined) });
    const one = await life(storage);
    one.answers.push(...Array.from({ length: 300 }, () => PipelineError.invalid("no")));
    for (let index = 0; index < 310; index++) one.push(`s${index}`);
    await one.context.clock.advance(10_000);
    expect(one.answers).toHaveLength(300 - 256);
    isFull = false;
    await one.context.clock.advance(10_000);
    expect(one.sent).toHaveLength(10);
    expect(one.row()).toMatchObject({ held: 0, delivered: 10, deadLettered: 300, missing: 0 });
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

describe("a stored batch that can never be a dead letter", () => {
  it("stays where it is stored, and holds neither the queue nor the shutdown up", async () => {
    const never = PipelineError.invalid("a record of 5 bytes can never be stored");
    const storage = disk({ fault: (operation) => (operation === "bury" ? never : undefined) });
    const one = await life(storage, { queue_size: 2 });
    one.answers.push(PipelineError.invalid("no"));
    one.push("a");
    one.push("b");
    await settlePromises();
    expect(one.row()).toMatchObject({ delivered: 1, held: 1, stored: 1, missing: 0 });
    await one.node.shutdown(new AbortController().signal);
    expect(storage.records(OWNER)).toHaveLength(1);
    expect(one.row()).toMatchObject({ delivered: 1, held: 1, stored: 1, missing: 0 });
  });
});

describe("a dead letter that comes when time is up", () => {
  it("is not waited for", async () => {
    const { clock, log } = testContext();
    const storage = { openQueue: () => Promise.reject(new Error("none")), buryNew: () => new Promise<void>(() => undefined) };
    const letters = new DeadLetters({ storage, owner: OWNER, clock, log });
    letters.stop();
    const entry = makeEntry(traces({ spans: [{ name: "a" }] }), { receivedAt: 0, transport: "test" }, undefined, "requests", false);
    const reason = { reason: "rejected", message: "no", attempts: 1 };
    expect(await letters.bury(wholeShipment(entry), reason, { backlog: undefined, keys: [] })).toBe(false);
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

  it("counts as lost what can never be one, and goes on", async () => {
    const tooLarge = PipelineError.invalid("a record of 5 bytes can never be stored");
    const storage = disk({ fault: (operation) => (operation === "buryNew" ? tooLarge : undefined) });
    const one = await life(storage, { storage: undefined, dead_letters: { storage: "disk" } });
    one.answers.push(PipelineError.invalid("no"));
    one.push("a");
    one.push("b");
    await settlePromises();
    expect(one.row()).toMatchObject({ delivered: 1, failed: 1, lost: { rejected: 1 }, held: 0, missing: 0 });
  });
});
