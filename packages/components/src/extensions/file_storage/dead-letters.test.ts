import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DeadLetters, type DeadLetterProgress } from "./dead-letters.ts";
import { numberOf, openTestStorage, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const rejected = { reason: "rejected", message: "400 bad request", attempts: 1 };
const exhausted = { reason: "retries_exhausted", message: "503 unavailable", attempts: 6 };

describe("dead letters", () => {
  it("keep the record, the reason and the owner, over a restart", async () => {
    const folder = await temporaryFolder();
    const { storage, clock, lines } = await openTestStorage(folder);
    const queue = await storage.openQueue("exporter/a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number))));
    await queue.bury(ids[0] ?? 0, rejected);
    await Promise.all([queue.bury(ids[1] ?? 0, exhausted), queue.bury(999, rejected)]);
    await storage.buryNew("exporter/b", { ...record(4), signal: "traces", metadata: new Map([["k", ["v"]]]) }, rejected);
    expect(queue.totals).toEqual({ records: 1, items: 2, bytes: 100 });
    const told = lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
    expect(told).toEqual(["exporter/a", "exporter/b"].map((owner) => ({ owner, batches: 1, reason: "rejected", error: rejected.message })));
    const letters = new DeadLetters(folder);
    const list = [...letters.listDeadLetters()];
    expect(list[0]).toEqual({
      id: "1",
      owner: "exporter/a",
      signal: "logs",
      ...rejected,
      buriedAt: clock.now(),
      receivedAt: 1001,
      transport: "grpc",
      items: 2,
      bytes: 100,
      replay: false,
    });
    expect(list[2]).toMatchObject({ owner: "exporter/b", metadata: new Map([["k", ["v"]]]) });
    expect([...letters.listDeadLetters({ reason: "retries_exhausted" })].map(({ id }) => id)).toEqual(["2"]);
    expect([
      ...letters.listDeadLetters({ owner: "exporter/b", signal: "traces", since: clock.now(), until: clock.now() + 1 }),
    ]).toHaveLength(1);
    expect([...letters.listDeadLetters({ until: clock.now() })]).toEqual([]);
    const shown = letters.readDeadLetter("2");
    expect(shown?.whole).toBe(true);
    expect(numberOf({ bytes: shown?.body ?? Buffer.alloc(4) })).toBe(2);
    expect(letters.readDeadLetter("77")).toBeUndefined();
    expect(letters.readDeadLetter("1.1")).toBeUndefined();
    expect(letters.totals()).toEqual({ letters: 3, items: 6, bytes: 300, replaying: 0 });
    await storage.close();
    const again = await openTestStorage(folder);
    expect((await (await again.storage.openQueue("exporter/a")).read(0, 10)).map(numberOf)).toEqual([3]);
    expect(again.storage.space.letterBytes).toBe(300);
    await again.storage.close();
  });

  it("go back to the end of their queue while it runs, and their listeners hear of it", async () => {
    const folder = await temporaryFolder();
    const { storage, clock } = await openTestStorage(folder, { maxBytes: 500 });
    const queue = await storage.openQueue("a");
    for (const number of [1, 2, 3]) await storage.buryNew("a", record(number), rejected);
    await storage.buryNew("b", record(4), rejected);
    await queue.append(record(0));
    let heard = 0;
    queue.onReplayed(() => {
      heard += 1;
    });
    const letters = new DeadLetters(folder);
    expect(letters.isInUse()).toBe(true);
    const progress: DeadLetterProgress[] = [];
    expect(await letters.replay({ filter: { owner: "a" } }, (each) => progress.push(each))).toEqual({ selected: 3, changed: 3 });
    expect(await letters.replay({ ids: ["4"] })).toEqual({ selected: 1, changed: 1 });
    expect(progress).toEqual([{ done: 3, total: 3 }]);
    expect(letters.totals().replaying).toBe(4);
    await clock.advance(600);
    await expect.poll(() => heard).toBe(1);
    expect((await queue.read(0, 10)).map(numberOf)).toEqual([0, 1, 2, 3]);
    expect(letters.totals()).toMatchObject({ letters: 1, replaying: 1 });
    expect(storage.space).toMatchObject({ queuedBytes: 400, letterBytes: 100 });
    await storage.close();
    expect(letters.isInUse()).toBe(false);
    const again = await openTestStorage(folder);
    const other = await again.storage.openQueue("b");
    await expect.poll(async () => (await other.read(0, 10)).map(numberOf)).toEqual([4]);
    await expect.poll(() => letters.totals().letters).toBe(0);
    await again.storage.close();
  });

  it("that are dropped make room in a storage that runs", async () => {
    const folder = await temporaryFolder();
    const { storage, clock } = await openTestStorage(folder, { maxBytes: 300 });
    const queue = await storage.openQueue("a");
    for (const number of [1, 2, 3]) await storage.buryNew("a", record(number), rejected);
    await expect(queue.append(record(4))).rejects.toThrow(/dead letters/);
    expect(await new DeadLetters(folder).drop({ ids: ["1", "2", "9"] })).toEqual({ selected: 3, changed: 2 });
    await clock.advance(600);
    await expect.poll(() => storage.space.letterBytes).toBe(100);
    await queue.append(record(4));
    await storage.close();
  });

  it("whose bytes have changed are not sent, and say so", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    for (const number of [1, 2]) await storage.buryNew("a", record(number), rejected);
    await storage.close();
    const database = new DatabaseSync(join(folder, "state.db"));
    database.exec("UPDATE dead_letters SET body = x'00' WHERE id = 1");
    database.close();
    const letters = new DeadLetters(folder);
    expect(letters.readDeadLetter("1")?.whole).toBe(false);
    await letters.replay({ filter: {} });
    const again = await openTestStorage(folder);
    const queue = await again.storage.openQueue("a");
    await expect.poll(async () => (await queue.read(0, 10)).map(numberOf)).toEqual([2]);
    await expect.poll(() => letters.readDeadLetter("1")?.reason).toBe("corrupt");
    await again.storage.close();
    expect([...letters.listDeadLetters()].map(({ id, replay }) => ({ id, replay }))).toEqual([{ id: "1", replay: false }]);
  });

  it("of a directory that is none are an error that says what to give", async () => {
    const folder = await temporaryFolder();
    expect(() => new DeadLetters(join(folder, "nowhere"))).toThrow('give the "directory" of a file_storage extension');
  });
});
