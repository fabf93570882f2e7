import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { MemoryStorage } from "../testing/memory-storage.ts";
import { testContext } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { disk, kinds, life, OWNER } from "./testing/exporter-life.ts";

const unavailable = PipelineError.unavailable("down");
const invalid = PipelineError.invalid("no");
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index}`);

describe("a stored queue that is behind", () => {
  it("sends what waits together, in order, and one by one when it has caught up", async () => {
    const storage = disk();
    const before = await life(storage, { catch_up: {} });
    before.answers.push("hang");
    for (const name of names(50)) before.push(name);
    await settlePromises();
    storage.crash();
    const after = await life(storage, { catch_up: {} });
    await settlePromises();
    expect(after.sent.flat()).toEqual(names(50));
    expect(after.sent.length).toBeLessThan(5);
    after.push("x");
    await settlePromises();
    after.push("y");
    await settlePromises();
    expect(after.sent.slice(-2)).toEqual([["x"], ["y"]]);
    expect(after.row()).toMatchObject({ restored: 50, delivered: 52, held: 0, missing: 0 });
  });

  it("makes requests of about max_bytes", async () => {
    const one = await life(disk(), { catch_up: { max_bytes: 100 } });
    one.answers.push(unavailable);
    for (const name of names(40)) one.push(name);
    await one.context.clock.advance(10_000);
    expect(one.sent.flat()).toEqual(names(40));
    const sizes = one.sent.slice(1, -2).map(({ length }) => length);
    expect(Math.min(...sizes)).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThan(20);
  });

  it("does not when it is told not to, or has no storage", async () => {
    const one = await life(disk(), { catch_up: { enabled: false } });
    one.answers.push(unavailable);
    for (const name of names(10)) one.push(name);
    await one.context.clock.advance(10_000);
    expect(one.sent).toEqual(names(10).map((name) => [name]));
  });

  it("takes a joined request apart that is refused for good: one bad batch costs itself", async () => {
    const storage = disk();
    const one = await life(storage, { catch_up: {} });
    one.answers.push(unavailable);
    const clients = names(6).map((name) => one.push(name));
    await settlePromises();
    // The first alone, the joined others, then each of them: the third is the bad one.
    one.answers.push(undefined, invalid, undefined, undefined, invalid);
    await one.context.clock.advance(10_000);
    expect(kinds(clients)).toEqual(Array.from({ length: 6 }, () => "delivered"));
    expect(one.sent.flat()).toEqual(["s0", "s1", "s2", "s4", "s5"]);
    expect(storage.deadLetters(OWNER)).toHaveLength(1);
    expect(one.row()).toMatchObject({ delivered: 5, deadLettered: 1, held: 0, missing: 0 });
  });

  it("ends although a joined request is refused for good when nothing more may be sent", async () => {
    const storage = disk();
    const one = await life(storage, { catch_up: {}, num_consumers: 2 });
    const [first, second, joined] = [1, 2, 3].map(() => Promise.withResolvers<void>());
    one.answers.push(first!.promise, second!.promise, joined!.promise);
    for (const name of names(8)) one.push(name);
    await settlePromises();
    first!.resolve();
    await settlePromises();
    expect(one.answers).toEqual([]);
    const stopped = one.node.shutdown(new AbortController().signal);
    second!.reject(unavailable);
    await settlePromises();
    joined!.reject(invalid);
    await stopped;
    expect(one.row()).toMatchObject({ delivered: 1, held: 7, stored: 7, deadLettered: 0, missing: 0 });
    expect(storage.records(OWNER)).toHaveLength(7);
  });

  it("loses, doubles and reorders nothing, whatever the far side says", async () => {
    const answer = fc.constantFrom(undefined, undefined, undefined, unavailable, invalid);
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 30, max: 600 }),
        async (answers, count, maxBytes) => {
          const clock = testContext().clock;
          const storage = new MemoryStorage({ clock });
          const one = await life(storage, { catch_up: { max_bytes: maxBytes }, max_bytes: 700 });
          one.answers.push(...answers);
          for (const name of names(count)) one.push(name);
          await one.context.clock.advance(3_600_000);
          const sent = one.sent.flat();
          expect(new Set(sent).size).toBe(sent.length);
          expect(sent.length + storage.deadLetters(OWNER).length).toBe(count);
          expect(sent).toEqual(names(count).filter((name) => sent.includes(name)));
          expect(one.row()).toMatchObject({ held: 0, missing: 0 });
        },
      ),
      { numRuns: 100 },
    );
  });
});
