import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DurableQueue } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import type { LogFile } from "../disk/file-layer.ts";
import { faultyFiles, type FaultyFiles } from "../testing/faulty-files.ts";
import { numberOf, openTestStorage, record, type StorageUnderTest } from "../testing/storage-kit.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { Segment } from "./segment.ts";
import { SpareFiles } from "./spare-files.ts";

/** Segments are a sixteenth of it, and two of them may be spare. */
const MAX_BYTES = 2 ** 20;
const RECORD_BYTES = 30_000;
/** Records that fill a segment, so that the next one begins another. */
const IN_SEGMENT = 3;

async function numbers(queue: DurableQueue): Promise<number[]> {
  return (await queue.read(0, 10_000)).map(numberOf);
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(join(folder, "queues", "a"))).toSorted((a, b) => a.localeCompare(b));
}

/** Fills a segment with the records from `from` on; gives their ids. */
async function fill(queue: DurableQueue, from: number): Promise<number[]> {
  const ids: number[] = [];
  for (let number = from; number < from + IN_SEGMENT; number += 1) ids.push(await queue.append(record(number, RECORD_BYTES)));
  return ids;
}

function times(files: FaultyFiles, step: string): number {
  return files.done.filter((each) => each === step).length;
}

/** Waits until so many files that are done with have been put aside. */
async function untilSpare({ clock }: StorageUnderTest, files: FaultyFiles, folder: string, count: number): Promise<void> {
  await expect
    .poll(async () => {
      await clock.advance(25);
      return files.done.at(-1) === "sync" ? (await names(folder)).filter((name) => name.endsWith(".spare")).length : undefined;
    })
    .toBe(count);
}

describe("the files of a queue that is emptied as it is filled", () => {
  it("are written again, each record once and in order, and are gone when the queue is closed empty", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const opened = await openTestStorage(folder, { files, maxBytes: MAX_BYTES, fsync: true });
    const queue = await opened.storage.openQueue("a");
    let before = await fill(queue, 0);
    for (let round = 1; round <= 6; round += 1) {
      const ids = await fill(queue, round * IN_SEGMENT);
      await queue.remove(before);
      await untilSpare(opened, files, folder, 1);
      before = ids;
    }
    expect(times(files, "create")).toBe(2);
    expect(await numbers(queue)).toEqual([18, 19, 20]);
    await opened.storage.close();
    const again = await openTestStorage(folder, { files, maxBytes: MAX_BYTES, fsync: true });
    const reopened = await again.storage.openQueue("a");
    expect(await numbers(reopened)).toEqual([18, 19, 20]);
    expect(again.damaged()).toBe(0);
    expect(again.lines).toEqual([]);
    await reopened.remove(before);
    await again.storage.close();
    expect(await names(folder)).toEqual([]);
    expect(files.openFiles).toBe(0);
  });

  it("are no more than an eighth of the budget beside those in use, and none when the disk has little room", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const opened = await openTestStorage(folder, { files, maxBytes: MAX_BYTES, fsync: true });
    const queue = await opened.storage.openQueue("a");
    const ids: number[] = [];
    for (let round = 0; round < 5; round += 1) ids.push(...(await fill(queue, round * IN_SEGMENT)));
    await queue.remove(ids);
    await untilSpare(opened, files, folder, 2);
    expect((await names(folder)).filter((name) => name.endsWith(".log"))).toHaveLength(1);
    files.free = 2 * RECORD_BYTES;
    await opened.storage.space.measure();
    await queue.append(record(99, RECORD_BYTES));
    await expect(queue.append(record(100, RECORD_BYTES)).then(() => queue.append(record(101, RECORD_BYTES)))).rejects.toThrow(/bytes left/);
    await expect.poll(() => names(folder)).not.toContainEqual(expect.stringMatching(/spare$/));
    await opened.storage.close();
  });

  it("tell of damage to the last record that was stored, although there are older ones behind it", async () => {
    const folder = await temporaryFolder();
    const crashed = await temporaryFolder();
    const files = faultyFiles();
    const opened = await openTestStorage(folder, { files, maxBytes: MAX_BYTES, fsync: true });
    const queue = await opened.storage.openQueue("a");
    const first = await fill(queue, 0);
    await fill(queue, 10);
    await queue.remove(first);
    await untilSpare(opened, files, folder, 1);
    await queue.append(record(20, 1000));
    await queue.append(record(21, 1000));
    await cp(folder, crashed, { recursive: true });
    await opened.storage.close();
    const path = join(crashed, "queues", "a", "0000000003.log");
    const bytes = await readFile(path);
    expect(bytes.length).toBeGreaterThan(IN_SEGMENT * RECORD_BYTES);
    bytes[1500] = (bytes[1500] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const again = await openTestStorage(crashed, { maxBytes: MAX_BYTES, fsync: true });
    expect(await numbers(await again.storage.openQueue("a"))).toEqual([10, 11, 12, 20]);
    expect(again.damaged()).toBe(1);
    await again.storage.close();
  });

  it("are deleted without fsync: after a power cut they could have their old names and records again", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const opened = await openTestStorage(folder, { files, maxBytes: MAX_BYTES, fsync: false });
    const queue = await opened.storage.openQueue("a");
    const first = await fill(queue, 0);
    await fill(queue, 10);
    await queue.remove(first);
    await expect.poll(() => opened.clock.advance(25).then(() => files.done)).toContain("remove");
    expect(files.done).not.toContain("rename");
    expect(await names(folder)).toEqual(["0000000002.log"]);
    await opened.storage.close();
  });

  it("can be deleted by somebody: another one is made", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const opened = await openTestStorage(folder, { files, maxBytes: MAX_BYTES, fsync: true });
    const queue = await opened.storage.openQueue("a");
    const first = await fill(queue, 0);
    await fill(queue, 10);
    await queue.remove(first);
    await untilSpare(opened, files, folder, 1);
    for (const name of await names(folder)) if (name.endsWith(".spare")) await files.remove(join(folder, "queues", "a", name));
    await fill(queue, 20);
    expect(await numbers(queue)).toEqual([10, 11, 12, 20, 21, 22]);
    await opened.storage.close();
  });

  it("do not look damaged to who was reading their records when they were delivered", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const held = Promise.withResolvers<void>();
    let isHolding = false;
    const slow = {
      ...files,
      async open(path: string): Promise<LogFile> {
        const file = await files.open(path);
        return { ...file, read: async (length, position) => (isHolding && (await held.promise), file.read(length, position)) };
      },
    };
    const opened = await openTestStorage(folder, { files: slow, maxBytes: MAX_BYTES, fsync: true });
    const queue = await opened.storage.openQueue("a");
    const first = await fill(queue, 0);
    await fill(queue, 10);
    isHolding = true;
    const reading = queue.read(0, IN_SEGMENT);
    const burying = queue.bury(first[1] ?? 0, { reason: "rejected", message: "", attempts: 1 });
    await expect.poll(() => files.openFiles).toBe(3);
    await queue.remove(first);
    await untilSpare(opened, files, folder, 1);
    await fill(queue, 20);
    isHolding = false;
    held.resolve();
    expect((await reading).map(numberOf)).toEqual([10, 11, 12]);
    await burying;
    expect(opened.damaged()).toBe(0);
    expect(await numbers(queue)).toEqual([10, 11, 12, 20, 21, 22]);
    await opened.storage.close();
  });
});

it("spare files that a killed process has left are deleted by the next start, and are no reason to ask for a component", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "queues", "a"), { recursive: true });
  await writeFile(join(folder, "queues", "a", "0000000001.spare"), Buffer.alloc(1000, 1));
  const { storage } = await openTestStorage(folder);
  expect(await names(folder)).toEqual([]);
  expect((await storage.leftovers()).unopened).toEqual([]);
  await storage.close();
});

it("a file that is put aside while its queue is closed is gone when that has ended", async () => {
  const done: string[] = [];
  const files = {
    ...faultyFiles(),
    rename: () => Promise.resolve(),
    remove: async (path: string) => {
      await new Promise((resolve) => void setImmediate(resolve));
      done.push(path);
    },
  };
  const spares = new SpareFiles({ files, folder: "/queue", segmentBytes: 100, mostSpares: 1, hasRoom: () => true });
  const segment = new Segment({ number: 1, path: "/queue/0000000001.log", salt: 1, firstId: 1, size: 100 });
  segment.isFilled = true;
  await spares.retire(segment);
  await spares.close();
  await spares.settle();
  expect(done).toEqual(["/queue/0000000001.spare"]);
});
