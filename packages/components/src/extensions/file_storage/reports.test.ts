import type { Storage } from "@tidemark/core";
import { testContext, type TestContext } from "@tidemark/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { fileStorageConfig } from "./config.ts";
import { createFileStorage } from "./file-storage.ts";
import { record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

async function start(options: object): Promise<{ context: TestContext; storage: Storage }> {
  const context = testContext({ kind: "extension" });
  const directory = await temporaryFolder();
  const extension = createFileStorage(fileStorageConfig.parse({ directory, min_free_bytes: 0, fsync: false, ...options }), context);
  await extension.start?.();
  onTestFinished(() => extension.shutdown?.(AbortSignal.abort()));
  if (extension.storage === undefined) throw new Error("it has no storage");
  return { context, storage: extension.storage };
}

describe("the health report of file_storage", () => {
  it("says that there is no room when a sender is refused, and until there is", async () => {
    const { context, storage } = await start({ max_bytes: 250 });
    const queue = await storage.openQueue("a");
    const said = (): string[] => context.troubles.filter(([code]) => code === "storage_full").map(([, message]) => message);
    await queue.append(record(1));
    await queue.append(record(2));
    expect(said()).toEqual([]);
    await expect(queue.append(record(3))).rejects.toThrow("is full");
    expect(said()).toEqual([expect.stringMatching(/^the storage in .* is full: \d+ of max_bytes 250 are used$/)]);
    await context.clock.advance(3000);
    expect(said()).toHaveLength(4);
    await queue.remove([1]);
    await context.clock.advance(60_000);
    expect(said()).toHaveLength(4);
    await queue.close();
  });

  it("says at the start that there is no room, before a sender is refused", async () => {
    const { context } = await start({ min_free_bytes: Number.MAX_SAFE_INTEGER });
    const reason = expect.stringMatching(
      /^the disk of .* has \d+ bytes left, and min_free_bytes keeps \d+ of them free: free some space$/,
    ) as string;
    const warned = context.lines.filter(({ level }) => level === "warn");
    expect(warned).toMatchObject([
      { message: "Nothing can be stored: senders are refused until there is room.", fields: { problem: reason } },
    ]);
    expect(context.troubles).toContainEqual(["storage_full", reason, 10_000]);
    const before = context.troubles.length;
    await context.clock.advance(1000);
    expect(context.troubles.slice(before)).toContainEqual(["storage_full", reason, 10_000]);
  });

  it("says that dead letters wait, and that they are gone", async () => {
    const { context, storage } = await start({});
    expect(context.troubles.at(-1)).toEqual(["dead_letters_present", "0 bytes of dead letters are kept", 0]);
    await storage.buryNew("a", record(1), { reason: "rejected", message: "no", attempts: 1 });
    await context.clock.advance(1000);
    const [code, message, forMs] = context.troubles.at(-1) ?? [];
    expect([code, forMs]).toEqual(["dead_letters_present", 2000]);
    expect(message).toMatch(/^[1-9]\d* bytes of dead letters are kept$/);
  });
});
