import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { faultyFiles } from "./testing/faulty-files.ts";
import { openTestStorage, record } from "./testing/storage-kit.ts";
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
