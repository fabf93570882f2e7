import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { StateOptions } from "./state/state-calls.ts";
import { describe, expect, it } from "vitest";
import { DeadLetters } from "./dead-letters.ts";
import { numberOf, openTestStorage, record } from "./testing/storage-kit.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const REASON = { reason: "rejected", message: "400 bad request", attempts: 1 };
const SCRIPT = new URL("state/state-worker.ts", import.meta.url);

/** Starts threads that a test can end. */
function threads(): { readonly all: Worker[]; readonly start: (options: StateOptions) => Worker; broken: boolean; failing: boolean } {
  const all: Worker[] = [];
  const made = {
    all,
    broken: false,
    failing: false,
    start: (options: StateOptions): Worker => {
      if (made.failing) throw new Error("EAGAIN");
      const worker = made.broken
        ? new Worker("throw new Error('out of memory')", { eval: true })
        : new Worker(SCRIPT, { workerData: options });
      all.push(worker);
      return worker;
    },
  };
  return made;
}

describe("the thread of the database", () => {
  it("is replaced when it ends: what waits for it fails for the time being, appends go on, and nothing is lost", async () => {
    const folder = await temporaryFolder();
    const { all, start } = threads();
    const { storage, clock, lines, faults } = await openTestStorage(folder, { startThread: start });
    const queue = await storage.openQueue("a");
    const ids = await Promise.all([1, 2, 3].map((number) => queue.append(record(number))));
    const buried = queue.bury(ids[0] ?? 0, REASON);
    await Promise.all([all[0]?.terminate(), expect(buried).rejects.toMatchObject({ code: "unavailable", retryable: true })]);
    await queue.append(record(4));
    await expect(queue.bury(ids[0] ?? 0, REASON)).rejects.toThrow(
      /thread of the storage's database has ended.*another one is being started/,
    );
    await expect(openTestStorage(folder)).rejects.toThrow(/in use by another process/);
    await clock.advance(100);
    await expect.poll(() => lines.some(({ message }) => message === "The database of the storage is open again.")).toBe(true);
    expect(all).toHaveLength(2);
    await queue.bury(ids[0] ?? 0, REASON);
    await queue.remove([ids[1] ?? 0]);
    await storage.close();
    expect(faults).toEqual([]);
    expect(new DeadLetters(folder).totals().letters).toBe(1);
    const again = await openTestStorage(folder);
    expect((await (await again.storage.openQueue("a")).read(0, 10)).map(numberOf)).toEqual([3, 4]);
    await again.storage.close();
  });

  it("is tried less and less often while it cannot run, which shows in the health report", async () => {
    const folder = await temporaryFolder();
    const made = threads();
    const { storage, clock, lines, faults } = await openTestStorage(folder, { startThread: made.start });
    const queue = await storage.openQueue("a");
    made.broken = true;
    await made.all[0]?.terminate();
    for (let deaths = 1; deaths <= 4; deaths += 1) {
      await expect.poll(() => lines.filter(({ level }) => level === "error").length).toBe(deaths);
      await clock.advance(100 * 2 ** (deaths - 1));
    }
    expect(lines.filter(({ level }) => level === "error").map(({ fields }) => fields["pause_ms"])).toEqual([100, 200, 400, 800]);
    expect(faults.at(-1)).toContain("out of memory");
    await queue.append(record(1));
    await storage.close();
    expect(readFileSync(`${folder}/lock`)).toHaveLength(0);
    const again = await openTestStorage(folder);
    expect((await (await again.storage.openQueue("a")).read(0, 10)).map(numberOf)).toEqual([1]);
    await again.storage.close();
  });

  it("is asked for again when the machine had none to give", async () => {
    const folder = await temporaryFolder();
    const made = threads();
    const { storage, clock, lines } = await openTestStorage(folder, { startThread: made.start });
    made.failing = true;
    await made.all[0]?.terminate();
    await clock.advance(100);
    expect(lines.at(-1)?.fields).toEqual({ error: "EAGAIN", pause_ms: 200 });
    made.failing = false;
    await clock.advance(200);
    await expect.poll(() => lines.at(-1)?.message).toBe("The database of the storage is open again.");
    await storage.buryNew("a", record(1), REASON);
    await storage.close();
  });
});
