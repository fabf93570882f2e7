import { appendFile, readdir, readFile, stat, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DurableQueue } from "@tidemark/core";
import { settlePromises } from "@tidemark/core/testing";
import { describe, expect, it, vi } from "vitest";
import { DeadLetters } from "./dead-letters.ts";
import { numberOf, openTestStorage, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const OWNER = "exporter/otlp_http";
const FOLDER = "exporter~002Fotlp_http";

async function numbers(queue: DurableQueue): Promise<number[]> {
  return (await queue.read(0, 10_000)).map(numberOf);
}

async function segments(directory: string): Promise<string[]> {
  const folder = join(directory, "queues", FOLDER);
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".log"))
    .toSorted((a, b) => a.localeCompare(b))
    .map((name) => join(folder, name));
}

function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

describe("a stored queue", () => {
  it("gives records back in their order, with all that is known of them", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    const queue = await storage.openQueue(OWNER);
    const metadata = new Map([["x-tenant", ["a", "b"]]]);
    const ids = await Promise.all([queue.append({ ...record(0), metadata }), queue.append(record(1)), queue.append(record(2, 100_000))]);
    expect(ids).toEqual([1, 2, 3]);
    expect(queue.totals).toEqual({ records: 3, items: 6, bytes: 100_200 });
    const [first, ...others] = await queue.read(0, 2);
    expect(first).toEqual({ ...record(0), bytes: Buffer.from(record(0).bytes), id: 1, metadata });
    expect(others.map(numberOf)).toEqual([1]);
    expect((await queue.read(2, 10)).map(numberOf)).toEqual([2]);
    await storage.close();
  });

  it("reads as much as it is told to in bytes, one record at least, and passes over gaps", async () => {
    const { storage } = await openTestStorage(await temporaryFolder());
    const queue = await storage.openQueue(OWNER);
    const sizes = [200_000, 1000, 1000, 70_000, 300_000, 1000];
    const ids = await Promise.all(sizes.map((size, index) => queue.append(record(index, size))));
    expect((await queue.read(0, 10, 1)).map(numberOf)).toEqual([0]);
    expect((await queue.read(0, 10, 202_000)).map(numberOf)).toEqual([0, 1]);
    await queue.remove([ids[1] ?? 0, ids[3] ?? 0]);
    expect((await queue.read(0, 10, 205_000)).map(numberOf)).toEqual([0, 2]);
    expect((await queue.read(0, 10)).map(({ bytes }) => bytes.length)).toEqual([200_000, 1000, 300_000, 1000]);
    expect(await numbers(queue)).toEqual([0, 2, 4, 5]);
    await storage.close();
  });

  it("finds after a restart what was not removed, and goes on with higher ids", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder);
    const queue = await first.storage.openQueue(OWNER);
    const ids = await Promise.all(range(10).map((number) => queue.append(record(number))));
    await queue.remove(ids.filter((id) => id % 2 === 0));
    await first.storage.close();
    const second = await openTestStorage(folder);
    const again = await second.storage.openQueue(OWNER);
    expect(await numbers(again)).toEqual([0, 2, 4, 6, 8]);
    expect(again.totals).toEqual({ records: 5, items: 10, bytes: 500 });
    expect(second.storage.space.queuedBytes).toBe(500);
    expect(await again.append(record(10))).toBeGreaterThan(ids.at(-1) ?? 0);
    expect(await numbers(again)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(second.lines.filter(({ level }) => level !== "info")).toEqual([]);
    await second.storage.close();
  });

  it("warns when batches wait for a component that is not in the configuration any more", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder);
    await (await first.storage.openQueue(OWNER)).append(record(0));
    await (await first.storage.openQueue("exporter/empty")).close();
    await first.storage.close();
    const second = await openTestStorage(folder);
    await second.storage.openQueue("exporter/otlp_http/eu");
    const warned = (): unknown[] => second.lines.filter(({ level }) => level === "warn").map(({ message, fields }) => [message, fields]);
    const isWarned = async (): Promise<boolean> => {
      await second.clock.advance(500);
      return warned().length > 0;
    };
    await vi.waitUntil(isWarned, { interval: 5, timeout: 20_000 });
    await second.clock.advance(60_000);
    expect(warned()).toEqual([
      [
        "The storage holds batches of components that are not in the configuration. They are sent when a component of that name is back.",
        { directory: folder, components: OWNER },
      ],
    ]);
    await second.storage.close();
  });

  it("deletes files whose records are all done with, and leaves none when it is empty", async () => {
    const folder = await temporaryFolder();
    const { storage, clock } = await openTestStorage(folder, { maxBytes: 2 ** 20 });
    const queue = await storage.openQueue(OWNER);
    const ids: number[] = [];
    for (const number of range(20)) ids.push(await queue.append(record(number, 20_000)));
    const before = (await segments(folder)).length;
    expect(before).toBeGreaterThan(3);
    await queue.remove(ids.slice(0, 15));
    await clock.advance(1000);
    await expect.poll(async () => (await segments(folder)).length).toBeLessThan(before - 2);
    expect(await numbers(queue)).toEqual(range(5, 15));
    await queue.remove(ids.slice(15));
    await storage.close();
    expect(await segments(folder)).toEqual([]);
  });

  it("keeps the queues of two owners apart, and lets two users share one", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    const [one, two, same] = await Promise.all(["a", "a/..", "a"].map((owner) => storage.openQueue(owner)));
    await one?.append(record(1));
    await two?.append(record(2));
    await one?.close();
    expect(await numbers(same!)).toEqual([1]);
    expect(await numbers(two!)).toEqual([2]);
    await same?.close();
    const again = await storage.openQueue("a");
    expect(await numbers(again)).toEqual([1]);
    expect(storage.space.queuedBytes).toBe(200);
    await storage.close();
    await expect(again.append(record(3))).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });
});

describe("damage", () => {
  it("to a record costs that one, and is reported once", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    const queue = await storage.openQueue(OWNER);
    for (const number of range(6)) await queue.append(record(number, 200));
    await storage.close();
    const [path = ""] = await segments(folder);
    const whole = await readFile(path);
    for (let round = 0; round < 8; round += 1) {
      const at = 40 + round * 197;
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      await writeFile(path, bytes);
      const damaged = await openTestStorage(folder);
      const read = await numbers(await damaged.storage.openQueue(OWNER));
      const expected = read.length === 6 ? 0 : 1;
      expect(read.length + expected).toBe(6);
      expect(range(6).filter((number) => read.includes(number))).toEqual(read);
      expect(damaged.damaged()).toBe(expected);
      await damaged.storage.close();
      const letters = [...new DeadLetters(folder).listDeadLetters()];
      expect(letters.map(({ reason, owner }) => ({ reason, owner }))).toEqual(expected === 0 ? [] : [{ reason: "corrupt", owner: OWNER }]);
      const again = await openTestStorage(folder);
      expect(await numbers(await again.storage.openQueue(OWNER))).toEqual(read);
      expect(again.damaged()).toBe(0);
      await again.storage.close();
      await new DeadLetters(folder).drop({ filter: {} });
      await restore(folder, path, whole);
    }
  });

  it("behind the last record of a file takes nothing from the next file, whose ids begin there", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder, { maxBytes: 16 * 1024 * 1024 });
    const queue = await first.storage.openQueue(OWNER);
    for (const number of range(6)) await queue.append(record(number, 400_000));
    await first.storage.close();
    const [path = ""] = await segments(folder);
    expect(await segments(folder)).toHaveLength(2);
    await appendFile(path, Buffer.alloc(300, 0x5a));
    const second = await openTestStorage(folder);
    const damaged = await second.storage.openQueue(OWNER);
    expect(second.damaged()).toBe(1);
    await damaged.remove((await damaged.read(0, 10)).map(({ id }) => id));
    expect(damaged.totals).toEqual({ records: 0, items: 0, bytes: 0 });
    await second.storage.close();
    expect(await segments(folder)).toEqual([]);
  });

  it("that happens while the queue is open is found by reading", async () => {
    const folder = await temporaryFolder();
    const { storage, lines, damaged } = await openTestStorage(folder);
    const queue = await storage.openQueue(OWNER);
    for (const number of range(3)) await queue.append(record(number, 1000));
    const [path = ""] = await segments(folder);
    const bytes = await readFile(path);
    bytes[1700] = (bytes[1700] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await numbers(queue)).toEqual([0, 2]);
    expect(damaged()).toBe(1);
    expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);
    expect(queue.totals.records).toBe(2);
    expect(await numbers(queue)).toEqual([0, 2]);
    expect(damaged()).toBe(1);
    await storage.close();
    const letter = new DeadLetters(folder).readDeadLetter("1");
    expect(letter).toMatchObject({
      reason: "corrupt",
      signal: "logs",
      items: 2,
      message: "the record 2 cannot be read: its checksum is wrong",
    });
    expect(await new DeadLetters(folder).replay({ ids: ["1"] })).toEqual({ selected: 1, changed: 0 });
  });

  it("that shortens a file is told by the ids that are missing; a file that only ends early is no loss", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    const queue = await storage.openQueue(OWNER);
    for (const number of range(4)) await queue.append(record(number));
    await storage.close();
    const [path = ""] = await segments(folder);
    await truncate(path, (await stat(path)).size - 10);
    const short = await openTestStorage(folder);
    expect(await numbers(await short.storage.openQueue(OWNER))).toEqual([0, 1, 2]);
    expect(short.damaged()).toBe(1);
    await short.storage.close();
    await appendFile(path, Buffer.from("d7c0528a0000", "hex"));
    const torn = await openTestStorage(folder);
    expect(await numbers(await torn.storage.openQueue(OWNER))).toEqual([0, 1, 2]);
    expect(torn.damaged()).toBe(0);
    await torn.storage.close();
    await unlink(path);
    const gone = await openTestStorage(folder);
    const empty = await gone.storage.openQueue(OWNER);
    expect(gone.damaged()).toBe(3);
    expect(gone.lines.find(({ level }) => level === "error")?.fields["problem"]).toContain("3 records (ids 1 to 3) are lost");
    expect(await empty.append(record(9))).toBeGreaterThan(4);
    await gone.storage.close();
  });

  it("to a whole file costs its records and no others", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder, { maxBytes: 2 ** 20 });
    const queue = await storage.openQueue(OWNER);
    for (const number of range(12)) await queue.append(record(number, 20_000));
    await storage.close();
    const [path = ""] = await segments(folder);
    await writeFile(path, Buffer.alloc(70_000, 0x55));
    const damaged = await openTestStorage(folder, { maxBytes: 2 ** 20 });
    const read = await numbers(await damaged.storage.openQueue(OWNER));
    expect(read).toEqual(range(read.length, 12 - read.length));
    expect(damaged.damaged()).toBe(12 - read.length);
    await damaged.storage.close();
  });
});

/** Puts a file back as it was, with a record of its own for the next round. */
async function restore(directory: string, path: string, whole: Buffer): Promise<void> {
  for (const name of await readdir(directory)) if (name.startsWith("state.db")) await unlink(join(directory, name));
  await writeFile(path, whole);
  await settlePromises();
}
