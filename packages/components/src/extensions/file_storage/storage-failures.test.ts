import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DurableQueue } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import { openState } from "./state/open-state.ts";
import { faultyFiles } from "./testing/faulty-files.ts";
import { numberOf, openTestStorage, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const REASON = { reason: "rejected", message: "400 bad request", attempts: 1 };

async function numbers(queue: DurableQueue): Promise<number[]> {
  return (await queue.read(0, 10_000)).map(numberOf);
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: "ignore" });
}

describe("the order of writes", () => {
  it("has the file and its name on the disk before the first append is answered, and one write for all who came together", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage } = await openTestStorage(folder, { files });
    const queue = await storage.openQueue("a");
    await Promise.all([queue.append(record(1)), queue.append(record(2)), queue.append(record(3))]);
    expect(files.done).toEqual(["create", "write", "sync"]);
    await queue.append(record(4));
    expect(files.done).toEqual(["create", "write", "sync", "write"]);
    await storage.close();
  });

  it("is such that a process that ends right after it has deleted a file neither misses nor repeats its records", async () => {
    const folder = await temporaryFolder();
    const snapshot = await temporaryFolder();
    const files = faultyFiles();
    const stopped = Promise.withResolvers<void>();
    const stop = async (): Promise<void> => {
      await cp(folder, snapshot, { recursive: true });
      stopped.resolve();
    };
    const { storage, clock } = await openTestStorage(folder, {
      maxBytes: 2 ** 20,
      files: {
        ...files,
        async remove(path) {
          await files.remove(path);
          await stop();
        },
        async rename(from, to) {
          await files.rename(from, to);
          await stop();
        },
      },
    });
    const queue = await storage.openQueue("a");
    const ids: number[] = [];
    for (let number = 0; number < 6; number += 1) ids.push(await queue.append(record(number, 30_000)));
    await clock.advance(1000);
    await queue.remove(ids.slice(0, 4));
    await clock.advance(1000);
    await stopped.promise;
    const next = await openTestStorage(snapshot);
    expect(await numbers(await next.storage.openQueue("a"))).toEqual([4, 5]);
    expect(next.damaged()).toBe(0);
    await next.storage.close();
    await storage.close();
  });

  it("leaves no marks of files that are gone", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage } = await openTestStorage(folder, { files });
    const queue = await storage.openQueue("a");
    await queue.remove([await queue.append(record(1))]);
    await storage.close();
    expect(files.done).toEqual(["create", "write", "sync", "remove", "sync"]);
    const state = openState({ directory: folder, fsync: true, recreate: false });
    expect(state.calls.readMarks("a")).toEqual([]);
    state.calls.close();
  });
});

describe("a disk that fails", () => {
  it.each([
    ["ENOSPC", "resource_exhausted"],
    ["EIO", "unavailable"],
  ])("with %s refuses for the time being, keeps what it has, and goes on by itself", async (code, answer) => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage, clock } = await openTestStorage(folder, { files });
    const queue = await storage.openQueue("a");
    await queue.append(record(1));
    files.failing = code;
    const refused = await Promise.allSettled([queue.append(record(2)), queue.append(record(3))]);
    for (const each of refused) expect(each).toMatchObject({ status: "rejected", reason: { code: answer, retryable: true } });
    await expect(queue.append(record(4))).rejects.toMatchObject({ code: answer });
    expect(storage.space.queuedBytes).toBe(100);
    expect(queue.totals.records).toBe(1);
    files.failing = undefined;
    await clock.advance(1000);
    await queue.append(record(5));
    expect(await numbers(queue)).toEqual([1, 5]);
    await storage.close();
    const again = await openTestStorage(folder);
    expect(await numbers(await again.storage.openQueue("a"))).toEqual([1, 5]);
    expect(again.damaged()).toBe(0);
    await again.storage.close();
  });

  const isRoot = process.getuid?.() === 0 && process.platform === "linux";
  it.skipIf(!isRoot)("because a small tmpfs is full gives room back when records are delivered (needs root)", async () => {
    const folder = await temporaryFolder();
    const mount = join(folder, "small");
    await mkdir(mount);
    try {
      run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount);
    } catch {
      console.log("No file systems can be mounted here: a full disk is tried with injected errors only.");
      return;
    }
    try {
      const { storage, clock } = await openTestStorage(mount, { maxBytes: 2 ** 20 * 4 });
      const queue = await storage.openQueue("a");
      const ids: number[] = [];
      const failure = await (async () => {
        for (let number = 0; ; number += 1) ids.push(await queue.append(record(number, 30_000)));
      })().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "resource_exhausted", retryable: true });
      expect(await numbers(queue)).toEqual(ids.map((_, index) => index));
      await queue.remove(ids);
      await clock.advance(1000);
      await expect
        .poll(() =>
          queue.append(record(99)).then(
            () => clock.advance(1000).then(() => true),
            () => clock.advance(1000).then(() => false),
          ),
        )
        .toBe(true);
      expect((await numbers(queue)).at(-1)).toBe(99);
      await storage.close();
    } finally {
      run("umount", "-l", mount);
    }
  });
});

describe("the size budget", () => {
  it("refuses what does not fit, says what dead letters take of it, and has room again after deliveries", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder, { maxBytes: 1000 });
    const queue = await storage.openQueue("a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number, 300))));
    await expect(queue.append(record(4, 300))).rejects.toMatchObject({ code: "resource_exhausted", retryable: true });
    await expect(queue.append(record(4, 1001))).rejects.toMatchObject({ code: "resource_exhausted", retryable: false });
    await queue.bury(ids[0] ?? 0, REASON);
    await expect(queue.append(record(4, 300))).rejects.toThrow(/900 of max_bytes 1000 are used, 300 of them dead letters/);
    await expect(storage.buryNew("a", record(5, 300), REASON)).rejects.toMatchObject({ code: "resource_exhausted" });
    await queue.remove([ids[1] ?? 0]);
    await queue.append(record(6, 300));
    expect(await numbers(queue)).toEqual([3, 6]);
    await storage.close();
    const again = await openTestStorage(folder, { maxBytes: 1000 });
    await again.storage.openQueue("a");
    expect(again.storage.space).toMatchObject({ queuedBytes: 600, letterBytes: 300 });
    await again.storage.close();
  });

  it("has room for what the records of a full queue become: a dead letter takes their place", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder, { maxBytes: 1000 });
    const queue = await storage.openQueue("a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number, 330))));
    await queue.buryRequest(record(4, 660), REASON);
    await queue.remove(ids.slice(0, 2));
    expect(storage.space).toMatchObject({ queuedBytes: 330, letterBytes: 660 });
    await expect(queue.append(record(5, 330))).rejects.toMatchObject({ code: "resource_exhausted" });
    await storage.close();
  });

  it("leaves the disk its free space", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    files.free = 1000;
    const { storage, clock } = await openTestStorage(folder, { files, minFreeBytes: 800 });
    const queue = await storage.openQueue("a");
    await queue.append(record(1, 150));
    await expect(queue.append(record(2, 150))).rejects.toThrow(/min_free_bytes/);
    files.free = 5000;
    await clock.advance(1000);
    await queue.append(record(3, 10)).catch(() => undefined);
    await expect.poll(() => queue.append(record(4, 150)).then(() => true)).toBe(true);
    await storage.close();
  });
});

describe("the state of the storage", () => {
  it("belongs to one process at a time; the error names the other", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    await expect(openTestStorage(folder)).rejects.toThrow(`in use by another process (pid ${process.pid})`);
    await storage.close();
    const next = await openTestStorage(folder);
    await next.storage.close();
  });

  it("stops the start when it is damaged, unless it may be made anew; the queues are not touched", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder);
    const queue = await first.storage.openQueue("a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number))));
    await queue.remove([ids[0] ?? 0]);
    await first.storage.close();
    const path = join(folder, "state.db");
    const bytes = await readFile(path);
    bytes.fill(0xff, 0, 20);
    await writeFile(path, bytes);
    await expect(openTestStorage(folder)).rejects.toThrow(/is damaged .*recreate: true/);
    const second = await openTestStorage(folder, { recreate: true });
    expect(await readdir(folder)).toContain("state.db.backup");
    expect(await numbers(await second.storage.openQueue("a"))).toEqual([1, 2, 3]);
    await second.storage.close();
  });

  it("saves the letters of pages that are whole", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder);
    for (let number = 0; number < 200; number += 1) await first.storage.buryNew("a", record(number, 3000), REASON);
    await first.storage.close();
    const path = join(folder, "state.db");
    const pristine = await readFile(path);
    let salvaged = 0;
    for (let page = 1; page < pristine.length / 4096 && salvaged === 0; page += 1) {
      const bytes = Buffer.from(pristine);
      bytes.fill(0xff, page * 4096, (page + 1) * 4096);
      await writeFile(path, bytes);
      const damaged = await openTestStorage(folder, { recreate: true });
      const letters = damaged.storage.space.letterBytes / 3000;
      await damaged.storage.close();
      if ((await readdir(folder)).includes("state.db.backup")) salvaged = letters;
    }
    expect(salvaged).toBeGreaterThan(100);
    expect(salvaged).toBeLessThanOrEqual(200);
  });

  it("that is gone costs the marks only: records are sent again", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder);
    const queue = await first.storage.openQueue("a");
    const ids = await Promise.all([1, 2].map((number) => queue.append(record(number))));
    await queue.remove([ids[0] ?? 0]);
    await first.storage.close();
    for (const name of await readdir(folder)) if (name.startsWith("state.db")) await rm(join(folder, name));
    const second = await openTestStorage(folder);
    expect(await numbers(await second.storage.openQueue("a"))).toEqual([1, 2]);
    await second.storage.close();
  });

  it("does not believe marks whose bits have changed", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder);
    const queue = await first.storage.openQueue("a");
    await Promise.all([1, 2].map((number) => queue.append(record(number))));
    await first.storage.close();
    const database = new DatabaseSync(join(folder, "state.db"));
    database.exec("UPDATE segments SET removed = x'03'");
    database.close();
    const second = await openTestStorage(folder);
    expect(await numbers(await second.storage.openQueue("a"))).toEqual([1, 2]);
    await second.storage.close();
  });
});
