import { describe, expect, it } from "vitest";
import { PipelineError } from "../contract/pipeline-error.ts";
import { MemoryStorage } from "../testing/memory-storage.ts";
import { testContext } from "../testing/test-context.ts";
import { settlePromises } from "../testing/virtual-clock.ts";
import { disk, life } from "./testing/exporter-life.ts";

describe("the stored items of a queue", () => {
  it("are those that outlive the process: not what is being stored, and not what waits for room", async () => {
    const clock = testContext().clock;
    const one = await life(new MemoryStorage({ clock, latencyMs: (operation) => (operation === "append" ? 5 : 0) }), {
      queue_size: 2,
      block_on_overflow: true,
    });
    one.answers.push("hang");
    one.push("a", "b");
    one.push("c");
    one.push("d", "e", "f");
    await settlePromises();
    expect(one.row()).toMatchObject({ held: 6, stored: 0, missing: 0 });
    await clock.advance(50);
    expect(one.row()).toMatchObject({ held: 6, stored: 3, missing: 0 });
    const stopped = one.node.shutdown(AbortSignal.abort());
    await clock.advance(50);
    await stopped;
    expect(one.row()).toMatchObject({ held: 3, stored: 3, refused: 3, missing: 0 });
  });

  it("are there again after a restart, and gone when they are delivered or among the dead letters", async () => {
    const storage = disk();
    const one = await life(storage);
    one.answers.push("hang");
    for (const name of ["a", "b", "c"]) one.push(name);
    await settlePromises();
    storage.crash();
    const two = await life(storage, {}, { max_elapsed_time: "0s", max_retries: 1, initial_interval: "1s" });
    two.answers.push(PipelineError.invalid("no"), "hang");
    await settlePromises();
    expect(two.row()).toMatchObject({ restored: 3, deadLettered: 1, held: 2, stored: 2, missing: 0 });
  });

  it("are none without a storage", async () => {
    const one = await life(disk(), { storage: undefined, dead_letters: { storage: "disk" } });
    one.answers.push("hang");
    one.push("a");
    await settlePromises();
    expect(one.row()).toMatchObject({ held: 1, stored: 0 });
  });
});
