import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { StateStore } from "@tidemark/core";
import type { Extension } from "@tidemark/core";
import { testContext, type TestContext } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { fileStorageConfig } from "./config.ts";
import { createFileStorage } from "./file-storage.ts";
import { numberOf, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const NOW = AbortSignal.timeout(60_000);

/** What this extension has of all that one may have. */
type Whole = Required<Pick<Extension, "start" | "shutdown" | "storage">>;

function make(options: object, context: Partial<TestContext> & { readonly states?: StateStore } = {}): Whole {
  const { states, ...changes } = context;
  const config = fileStorageConfig.parse({ min_free_bytes: 0, fsync: false, ...options });
  return createFileStorage(config, {
    ...testContext({ kind: "extension", ...(states === undefined ? {} : { states }) }),
    ...changes,
  }) as Whole;
}

describe("file_storage", () => {
  it("has the Collector's defaults, but syncs", () => {
    expect(fileStorageConfig.parse({})).toMatchObject({
      directory: "/var/lib/otelcol/file_storage",
      create_directory: false,
      directory_permissions: "0750",
      timeout: 1000,
      fsync: true,
      recreate: false,
    });
    expect(fileStorageConfig.safeParse({ directory_permissions: "rwx" }).success).toBe(false);
  });

  it("makes its directory only when it is told to", async () => {
    const folder = await temporaryFolder();
    const directory = join(folder, "new", "deep");
    await expect(make({ directory }).start()).rejects.toThrow(`${directory} is not there: make it, or set "create_directory: true"`);
    const extension = make({ directory, create_directory: true, directory_permissions: "0700" });
    await extension.start();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await extension.shutdown(NOW);
  });

  it("is handed over by a reload: the new graph opens it while the old one still runs", async () => {
    const folder = await temporaryFolder();
    const states = new StateStore();
    const old = make({ directory: folder }, { states });
    await old.start();
    const before = await old.storage.openQueue("a");
    await before.append(record(1));
    const next = make({ directory: folder, max_bytes: 250 }, { states });
    await next.start();
    const after = await next.storage.openQueue("a");
    await before.append(record(2));
    await before.close();
    await old.shutdown(NOW);
    expect((await after.read(0, 10)).map(numberOf)).toEqual([1, 2]);
    await expect(after.append(record(3))).rejects.toMatchObject({ code: "resource_exhausted" });
    await after.close();
    await next.shutdown(NOW);
    const third = make({ directory: folder }, { states });
    await third.start();
    await third.shutdown(NOW);
  });

  it("can be started again after a start that failed", async () => {
    const folder = await temporaryFolder();
    const holder = make({ directory: folder });
    await holder.start();
    const states = new StateStore();
    await expect(make({ directory: folder, timeout: "0s" }, { states }).start()).rejects.toThrow(/in use by another process/);
    await holder.shutdown(NOW);
    const again = make({ directory: folder }, { states });
    await again.start();
    await again.shutdown(NOW);
  });

  it("gives each worker a folder of its own", async () => {
    const folder = await temporaryFolder();
    const workers = [0, 1].map((index) => make({ directory: folder }, { worker: { index, count: 2 } }));
    for (const worker of workers) await worker.start();
    expect((await readdir(folder)).toSorted()).toEqual(["worker-0", "worker-1"]);
    for (const worker of workers) await worker.shutdown(NOW);
  });
});
