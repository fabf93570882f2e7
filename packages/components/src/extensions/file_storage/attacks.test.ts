import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { DurableQueue } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import { DeadLetters } from "./dead-letters.ts";
import { diskFiles } from "./disk/file-layer.ts";
import { faultyFiles } from "./testing/faulty-files.ts";
import { numberOf, openTestStorage, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const REASON = { reason: "rejected", message: "400 bad request", attempts: 1 };

async function numbers(queue: DurableQueue): Promise<number[]> {
  return (await queue.read(0, 10_000)).map(numberOf);
}

/** Everything in a folder that is a file, with its mode. */
async function modes(folder: string): Promise<Record<string, number>> {
  const names = await readdir(folder, { recursive: true });
  const found: Record<string, number> = {};
  for (const name of names) {
    const { mode } = await stat(join(folder, name));
    found[name] = mode & 0o777;
  }
  return found;
}

describe("what lies on the disk", () => {
  it("can be read by its owner only, also in a directory that lets others in", async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    const { storage } = await openTestStorage(folder);
    const queue = await storage.openQueue("a");
    await queue.bury(await queue.append(record(1)), REASON);
    await queue.append(record(2));
    const found = await modes(folder);
    const files = ["lock", "lock.pid", "queues/a/0000000001.log", "reserve", "state.db", "state.db-shm", "state.db-wal"];
    expect(found).toEqual({ ...Object.fromEntries(files.map((name) => [name, 0o600])), queues: 0o700, "queues/a": 0o700 });
    await storage.close();
  });

  it("has records that are larger than a segment, and many segments' worth of them", async () => {
    const folder = await temporaryFolder();
    const first = await openTestStorage(folder, { maxBytes: 2 ** 24 });
    const queue = await first.storage.openQueue("a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number, 4 * 2 ** 20))));
    await queue.remove(ids.slice(0, 1));
    await first.storage.close();
    const second = await openTestStorage(folder, { maxBytes: 2 ** 24 });
    const again = await second.storage.openQueue("a");
    expect(await numbers(again)).toEqual([2, 3]);
    expect(again.totals.bytes).toBe(8 * 2 ** 20);
    await second.storage.close();
  });
});

describe("the lock of a directory", () => {
  const script = `import { isLocked } from ${JSON.stringify(new URL("disk/directory-lock.ts", import.meta.url).href)};
    process.stdout.write(String(isLocked(process.argv[1])));`;
  const seenByOthers = (folder: string): string =>
    execFileSync(process.execPath, ["--input-type=module", "-e", script, folder], { encoding: "utf8" });

  it("outlasts attempts of the same process to take it, which close the file", async () => {
    const folder = await temporaryFolder();
    const { storage } = await openTestStorage(folder);
    expect(seenByOthers(folder)).toBe("true");
    await expect(openTestStorage(folder)).rejects.toThrow(/in use by another process/);
    expect(new DeadLetters(folder).isInUse()).toBe(true);
    expect(seenByOthers(folder)).toBe("true");
    await storage.close();
    expect(seenByOthers(folder)).toBe("false");
  });
});

describe("a sync that fails", () => {
  it("of a new folder's name is not forgotten: the folder is made again", async () => {
    const folder = await temporaryFolder();
    const files = diskFiles({ fsync: true, mode: 0o600 });
    const { syncDirectory } = files;
    const synced: string[] = [];
    let fails = true;
    files.syncDirectory = async (path) => {
      if (fails) throw Object.assign(new Error("EIO"), { code: "EIO" });
      synced.push(path);
      await syncDirectory(path);
    };
    const deep = join(folder, "queues", "a");
    await expect(files.createDirectory(deep, 0o700)).rejects.toThrow("EIO");
    fails = false;
    await files.createDirectory(deep, 0o700);
    expect(synced).toEqual([join(folder, "queues"), folder]);
  });

  it("of records leaves their file for good, without an open descriptor, and never asks the same file to sync again", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage, clock } = await openTestStorage(folder, { files });
    const queue = await storage.openQueue("a");
    await queue.append(record(1));
    files.failing = "EIO";
    await expect(queue.append(record(2))).rejects.toMatchObject({ code: "unavailable", retryable: true });
    files.failing = undefined;
    await clock.advance(1000);
    await queue.append(record(3));
    expect(files.done.filter((step) => step === "create")).toHaveLength(2);
    expect(await numbers(queue)).toEqual([1, 3]);
    await storage.close();
    expect(files.openFiles).toBe(0);
  });

  it("and cannot be cut off leaves no descriptor open either", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage } = await openTestStorage(folder, { files });
    const queue = await storage.openQueue("a");
    await queue.append(record(1));
    files.failing = "EROFS";
    await expect(queue.append(record(2))).rejects.toMatchObject({ code: "unavailable", retryable: true });
    expect(files.openFiles).toBe(0);
    await storage.close();
  });
});

describe("a process that has too many files open", () => {
  it("refuses for the time being, and goes on by itself", async () => {
    const folder = await temporaryFolder();
    const files = faultyFiles();
    const { storage, clock } = await openTestStorage(folder, { files });
    const queue = await storage.openQueue("a");
    files.failingOpens = "EMFILE";
    await expect(queue.append(record(1))).rejects.toMatchObject({ code: "unavailable", retryable: true });
    files.failingOpens = undefined;
    await clock.advance(1000);
    await queue.append(record(2));
    files.failingOpens = "EMFILE";
    await expect(queue.read(0, 10)).rejects.toMatchObject({ code: "unavailable", retryable: true });
    await queue.append(record(3));
    files.failingOpens = undefined;
    expect(await numbers(queue)).toEqual([2, 3]);
    await storage.close();
  });
});

describe("somebody who deletes", () => {
  it("the file that is being written costs its records, which is told, and not those that come later", async () => {
    const folder = await temporaryFolder();
    const { storage, clock, damaged, lines } = await openTestStorage(folder);
    const queue = await storage.openQueue("a");
    await Promise.all([1, 2].map((number) => queue.append(record(number))));
    await unlink(join(folder, "queues", "a", "0000000001.log"));
    await expect.poll(() => clock.advance(500).then(damaged)).toBe(2);
    await queue.append(record(3));
    // It is told before the note of it is among the dead letters; the records count until then.
    await expect.poll(() => queue.totals.records).toBe(1);
    expect(lines.filter(({ level }) => level === "error").map(({ fields }) => fields["records"])).toEqual([2]);
    await storage.close();
    const again = await openTestStorage(folder);
    expect(await numbers(await again.storage.openQueue("a"))).toEqual([3]);
    expect(again.damaged()).toBe(0);
    await again.storage.close();
    expect([...new DeadLetters(folder).listDeadLetters()]).toMatchObject([{ reason: "corrupt", items: 4 }]);
  });

  it("the whole directory costs what was in it; it is made anew, and taken by one process only", async () => {
    const folder = join(await temporaryFolder(), "storage");
    await mkdir(folder);
    const { storage, clock, damaged, lines } = await openTestStorage(folder);
    const queue = await storage.openQueue("a");
    await queue.append(record(1));
    await rm(folder, { recursive: true });
    await expect.poll(() => clock.advance(500).then(damaged)).toBe(1);
    await expect
      .poll(() =>
        clock.advance(500).then(() =>
          queue.append(record(2)).then(
            () => true,
            () => false,
          ),
        ),
      )
      .toBe(true);
    await expect(openTestStorage(folder)).rejects.toThrow(/in use by another process/);
    await expect.poll(() => clock.advance(500).then(() => lines.some(({ message }) => message.includes("is open again")))).toBe(true);
    await storage.buryNew("a", record(3), REASON);
    await storage.close();
    expect(lines.filter(({ level }) => level === "error").map(({ message }) => message)).toContain(
      "The directory of the storage was deleted while it was in use. It is made anew; what was stored in it is lost.",
    );
    const again = await openTestStorage(folder);
    expect(await numbers(await again.storage.openQueue("a"))).toEqual([2]);
    await again.storage.close();
    expect(new DeadLetters(folder).totals({ reason: "rejected" }).letters).toBe(1);
  });

  it("the whole directory, and another collector that takes it: nothing is stored there any more, and health says so", async () => {
    const folder = join(await temporaryFolder(), "storage");
    await mkdir(folder);
    const { storage, clock, faults } = await openTestStorage(folder);
    const queue = await storage.openQueue("a");
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const other = await openTestStorage(folder);
    await expect.poll(() => clock.advance(500).then(() => faults.at(-1))).toContain("another process has taken it");
    await expect(queue.append(record(1))).rejects.toMatchObject({ code: "unavailable", retryable: true });
    await other.storage.close();
    await expect
      .poll(() =>
        clock.advance(500).then(() =>
          queue.append(record(2)).then(
            () => true,
            () => false,
          ),
        ),
      )
      .toBe(true);
    await storage.close();
  });
});
