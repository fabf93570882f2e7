import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DurableQueue, Extension, WorkerSlot } from "@tidemark/core";
import { testContext, VirtualClock, type TestContext } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { fileStorageConfig } from "../config.ts";
import { DeadLetters } from "../dead-letters.ts";
import { createFileStorage } from "../file-storage.ts";
import { numberOf, record } from "../testing/storage-kit.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const REASON = { reason: "rejected", message: "400 bad request", attempts: 1 };
const NOW = AbortSignal.timeout(60_000);
/** Each look moves the virtual clock on: there is nothing to wait for in between. */
const AT_ONCE = { interval: 1, timeout: 20_000 };

type Whole = Required<Pick<Extension, "start" | "shutdown" | "storage">>;

interface Running {
  readonly extension: Whole;
  readonly clock: VirtualClock;
  readonly context: TestContext;
}

async function run(directory: string, worker: WorkerSlot): Promise<Running> {
  const config = fileStorageConfig.parse({ directory, min_free_bytes: 0, fsync: false, timeout: "0s" });
  const clock = new VirtualClock();
  const context = { ...testContext({ kind: "extension" }), clock, worker };
  const extension = createFileStorage(config, context) as Whole;
  await extension.start();
  return { extension, clock, context };
}

/** Lets each of `count` workers store records: the worker's number times 100, and so on. */
async function fillFolders(directory: string, count: number, records = 3): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const { extension } = await run(directory, { index, count });
    const queue = await extension.storage.openQueue("exporter/otlp");
    for (let number = 0; number < records; number += 1) await queue.append(record(index * 100 + number));
    await extension.shutdown(NOW);
  }
}

async function records(queue: DurableQueue): Promise<{ readonly id: number; readonly number: number }[]> {
  return (await queue.read(0, 1000)).map((each) => ({ id: each.id, number: numberOf(each) }));
}

async function numbers(queue: DurableQueue): Promise<number[]> {
  return (await records(queue)).map(({ number }) => number);
}

async function workerFolders(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith("worker")).toSorted();
}

async function removeAll(queue: DurableQueue): Promise<void> {
  await queue.remove((await records(queue)).map(({ id }) => id));
}

describe("folders of workers that do not run any more", () => {
  it("are sent first, in their order, by a single process, and go when they are empty", async () => {
    const folder = await temporaryFolder();
    await fillFolders(folder, 3);
    const { extension, clock } = await run(folder, { index: 0, count: 1 });
    const queue = await extension.storage.openQueue("exporter/otlp");
    expect(queue.totals).toEqual({ records: 9, items: 18, bytes: 900 });
    const own = await queue.append(record(7));
    expect(await numbers(queue)).toEqual([0, 1, 2, 100, 101, 102, 200, 201, 202, 7]);
    const all = await records(queue);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => a - b));
    expect(all.at(-1)?.id).toBe(own);
    expect((await queue.read(all[3]?.id ?? 0, 2)).map(numberOf)).toEqual([101, 102]);
    await queue.remove(all.slice(0, 4).map(({ id }) => id));
    await clock.advance(1000);
    await expect.poll(() => clock.advance(1000).then(() => readdir(folder)), AT_ONCE).not.toContain("worker-0");
    expect(await numbers(queue)).toEqual([101, 102, 200, 201, 202, 7]);
    await removeAll(queue);
    await expect.poll(() => clock.advance(1000).then(() => workerFolders(folder)), AT_ONCE).toEqual([]);
    await queue.append(record(8));
    expect(await numbers(queue)).toEqual([8]);
    await extension.shutdown(NOW);
  });

  it("belong to one worker each, also the one of a single process", async () => {
    const folder = await temporaryFolder();
    await fillFolders(folder, 1);
    await fillFolders(folder, 5);
    await fillFolders(folder, 1);
    const workers = [await run(folder, { index: 0, count: 2 }), await run(folder, { index: 1, count: 2 })];
    const queues = await Promise.all(workers.map(({ extension }) => extension.storage.openQueue("exporter/otlp")));
    const all = (await Promise.all(queues.map(numbers))).map((each) => each.toSorted((a, b) => a - b));
    expect(all).toEqual([
      [0, 0, 0, 1, 1, 1, 2, 2, 2, 200, 201, 202, 400, 401, 402],
      [100, 101, 102, 300, 301, 302],
    ]);
    for (const queue of queues) await removeAll(queue);
    await expect
      .poll(async () => {
        for (const { clock } of workers) await clock.advance(1000);
        return (await readdir(folder)).toSorted();
      }, AT_ONCE)
      .toEqual(["worker-0", "worker-1"]);
    for (const { extension } of workers) await extension.shutdown(NOW);
  });

  it("are not touched while another process has them, and taken over later", async () => {
    const folder = await temporaryFolder();
    const other = await run(folder, { index: 1, count: 2 });
    await (await other.extension.storage.openQueue("exporter/otlp")).append(record(1));
    const { extension, clock } = await run(folder, { index: 0, count: 1 });
    const queue = await extension.storage.openQueue("exporter/otlp");
    await queue.append(record(2));
    let heard = 0;
    queue.onReplayed(() => (heard += 1));
    await clock.advance(20_000);
    expect(await numbers(queue)).toEqual([2]);
    expect(heard).toBe(0);
    await other.extension.shutdown(NOW);
    await expect.poll(() => clock.advance(5000).then(() => heard), AT_ONCE).toBe(1);
    expect(await numbers(queue)).toEqual([1, 2]);
    await extension.shutdown(NOW);
    expect((await readdir(folder)).includes("worker-1")).toBe(true);
    const again = await run(folder, { index: 1, count: 2 });
    expect(await numbers(await again.extension.storage.openQueue("exporter/otlp"))).toEqual([1]);
    await again.extension.shutdown(NOW);
  });

  it("hand their dead letters over, and those that shall be sent again to the queue", async () => {
    const folder = await temporaryFolder();
    const old = await run(folder, { index: 3, count: 4 });
    await old.extension.storage.buryNew("exporter/otlp", record(1), REASON);
    await old.extension.storage.buryNew("exporter/otlp", record(2), { ...REASON, reason: "too_large" });
    await old.extension.shutdown(NOW);
    await new DeadLetters(folder).replay({ ids: ["3.1"] });
    const { extension, clock } = await run(folder, { index: 0, count: 1 });
    const queue = await extension.storage.openQueue("exporter/otlp");
    await expect.poll(() => clock.advance(500).then(() => numbers(queue)), AT_ONCE).toEqual([1]);
    await removeAll(queue);
    await expect.poll(() => clock.advance(1000).then(() => readdir(folder)), AT_ONCE).not.toContain("worker-3");
    expect([...new DeadLetters(folder).listDeadLetters()]).toMatchObject([{ id: "1", reason: "too_large", owner: "exporter/otlp" }]);
    await extension.shutdown(NOW);
  });

  it("stay when they hold what no component asks for, or files of somebody else, and the log says so", async () => {
    const folder = await temporaryFolder();
    await fillFolders(folder, 2);
    await mkdir(join(folder, "worker-9", "queues"), { recursive: true });
    await writeFile(join(folder, "worker-9", "notes.txt"), "mine");
    const { extension, clock, context } = await run(folder, { index: 0, count: 1 });
    const queue = await extension.storage.openQueue("exporter/other");
    expect(await numbers(queue)).toEqual([]);
    const complaints = (): unknown[] => context.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["components"]);
    await expect.poll(() => clock.advance(1000).then(complaints), AT_ONCE).toEqual(["exporter/otlp", "exporter/otlp"]);
    await extension.shutdown(NOW);
    expect(await workerFolders(folder)).toEqual(["worker-0", "worker-1", "worker-9"]);
    expect(await readdir(join(folder, "worker-9"))).toEqual(["notes.txt"]);
  });
});
