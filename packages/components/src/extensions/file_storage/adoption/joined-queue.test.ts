import { MemoryStorage, VirtualClock } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { numberOf, record } from "../testing/storage-kit.ts";
import { JoinedQueue } from "./joined-queue.ts";

async function joined(): Promise<JoinedQueue> {
  const storage = new MemoryStorage({ clock: new VirtualClock() });
  const [left, own] = [await storage.openQueue("left"), await storage.openQueue("own")];
  for (const number of [1, 2, 3]) await left.append(record(number));
  for (const number of [4, 5, 6]) await own.append(record(number));
  const queue = new JoinedQueue(own, () => Promise.resolve());
  queue.adopt(0, left);
  return queue;
}

describe("a queue joined of several", () => {
  it.each([
    ["all that there is", 10, undefined, [1, 2, 3, 4, 5, 6]],
    ["as many records as asked for", 4, undefined, [1, 2, 3, 4]],
    ["no more bytes than there is room for, over the border too", 10, 400, [1, 2, 3, 4]],
    ["nothing of the next queue when the one before has used the room up", 10, 300, [1, 2, 3]],
    ["one record, whatever its size", 10, 1, [1]],
  ])("reads %s", async (_, count, mostBytes, numbers) => {
    expect((await (await joined()).read(0, count, mostBytes)).map(numberOf)).toEqual(numbers);
  });
});
