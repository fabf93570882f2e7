import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DurableQueue } from "@tidemark/core";
import type { VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { DeadLetters } from "./dead-letters.ts";
import { faultyFiles } from "./testing/faulty-files.ts";
import { fillDisk, smallDisk } from "./testing/small-disk.ts";
import { numberOf, openTestStorage, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

describe("a disk that is as full as min_free_bytes allows", () => {
  it("gets the file back that was being written, when all in it is delivered", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage, clock } = await openTestStorage(folder, { files, minFreeBytes: 1000 });
    const queue = await storage.openQueue("a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number))));
    files.free = 500;
    await clock.advance(1000);
    await queue.append(record(4)).then(
      (id) => ids.push(id),
      () => undefined,
    );
    await expect.poll(() => queue.append(record(5)).catch((error: Error) => error.message)).toMatch(/min_free_bytes/);
    await queue.remove(ids);
    await expect(queue.append(record(6))).rejects.toThrow(/min_free_bytes/);
    await clock.advance(100);
    await expect.poll(() => readdir(join(folder, "queues", "a"))).toEqual([]);
    files.free = 5000;
    await clock.advance(1000);
    await queue.append(record(7)).catch(() => undefined);
    await expect.poll(() => queue.append(record(8)).then(() => true)).toBe(true);
    await storage.close();
  });
});

const REASON = { reason: "rejected", message: "400 bad request", attempts: 1 };

async function numbers(queue: DurableQueue): Promise<number[]> {
  return (await queue.read(0, 10_000)).map(numberOf);
}

/** Appends until there is no room; gives the ids of what was stored. */
async function appendUntilFull(queue: DurableQueue, clock: VirtualClock, bytes: number): Promise<number[]> {
  const ids: number[] = [];
  for (let number = 1; ; number += 1) {
    const id = await queue.append(record(number, bytes)).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "resource_exhausted", retryable: true });
    });
    await clock.advance(1000);
    if (id === undefined) return ids;
    ids.push(id);
  }
}

async function goesOn(queue: DurableQueue, clock: VirtualClock): Promise<void> {
  await expect
    .poll(async () => {
      await clock.advance(2500);
      return queue.append(record(99)).then(
        () => true,
        () => false,
      );
    })
    .toBe(true);
}

describe("a storage on a disk without one free byte", () => {
  it.for([true, false])(
    "starts, gives back what it has, refuses more, and goes on when that makes room; with its reserve: %s",
    async (hasReserve, context) => {
      const mount = await smallDisk(context, 4);
      const folder = join(mount, "storage");
      await mkdir(folder);
      const first = await openTestStorage(folder);
      const before = await first.storage.openQueue("a");
      for (let number = 1; number <= 10; number += 1) await before.append(record(number, 50_000));
      await first.storage.buryNew("a", record(20), REASON);
      await first.storage.close();
      expect(await readdir(folder)).toContain("reserve");
      if (!hasReserve) await rm(join(folder, "reserve"));
      fillDisk(mount);
      const { storage, clock } = await openTestStorage(folder);
      const queue = await storage.openQueue("a");
      expect(storage.space).toMatchObject({ queuedBytes: 500_000, letterBytes: 100 });
      expect(await numbers(queue)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const more = await appendUntilFull(queue, clock, 10_000);
      const ids = (await queue.read(0, 1000)).map(({ id }) => id);
      expect(ids).toHaveLength(10 + more.length);
      await queue.remove(ids);
      await goesOn(queue, clock);
      expect(await numbers(queue)).toEqual([99]);
      // The tool for dead letters gets in, too.
      await expect
        .poll(async () => {
          await clock.advance(2500);
          return (await new DeadLetters(folder).drop({ filter: {} })).changed;
        })
        .toBe(1);
      await storage.close();
      const again = await openTestStorage(folder);
      expect(await numbers(await again.storage.openQueue("a"))).toEqual([99]);
      expect(again.damaged()).toBe(0);
      await again.storage.close();
    },
  );

  it("starts in a folder that has nothing yet, and stores when there is room", async (context) => {
    const mount = await smallDisk(context, 2);
    const folder = join(mount, "storage");
    await mkdir(folder);
    const giveBack = fillDisk(mount);
    const { storage, clock } = await openTestStorage(folder);
    const queue = await storage.openQueue("a");
    await expect(queue.append(record(1))).rejects.toMatchObject({ code: "resource_exhausted", retryable: true });
    await expect(storage.buryNew("a", record(2), REASON)).rejects.toMatchObject({ code: "resource_exhausted", retryable: true });
    giveBack();
    await goesOn(queue, clock);
    await storage.buryNew("a", record(2), REASON);
    await storage.close();
    expect(new DeadLetters(folder).totals().letters).toBe(1);
  });

  it("lets the tool for dead letters look at them and drop them", async (context) => {
    const mount = await smallDisk(context, 2);
    const folder = join(mount, "storage");
    await mkdir(folder);
    const { storage } = await openTestStorage(folder);
    for (let number = 1; number <= 20; number += 1) await storage.buryNew("a", record(number, 10_000), REASON);
    await storage.close();
    fillDisk(mount);
    const letters = new DeadLetters(folder);
    expect(letters.totals().letters).toBe(20);
    expect(await letters.drop({ filter: {} })).toEqual({ selected: 20, changed: 20 });
    expect(letters.totals().letters).toBe(0);
  });

  it("notes deliveries in the room that was kept for that", async (context) => {
    const mount = await smallDisk(context, 4);
    const folder = join(mount, "storage");
    await mkdir(folder);
    const { storage, clock, lines } = await openTestStorage(folder);
    const queue = await storage.openQueue("a");
    const ids: number[] = [];
    for (let number = 1; number <= 1000; number += 1) ids.push(await queue.append(record(number)));
    await clock.advance(3000);
    fillDisk(mount);
    // All but the last, so that no file can go.
    for (const id of ids.slice(0, -1)) {
      await queue.remove([id]);
      if (id % 10 === 0) await clock.advance(25);
    }
    await clock.advance(5000);
    await storage.close();
    expect(lines.filter(({ level }) => level === "warn")).toEqual([]);
    const again = await openTestStorage(folder);
    expect(await numbers(await again.storage.openQueue("a"))).toEqual([1000]);
    await again.storage.close();
  });
});
