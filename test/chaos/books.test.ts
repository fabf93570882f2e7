import { describe, expect, it } from "vitest";
import { Books } from "./books.ts";

describe("Books", () => {
  it("counts what was acknowledged and has neither arrived nor been rejected", () => {
    const books = new Books(100);
    books.acknowledge([1, 0, 5]);
    books.arrived(1, 0);
    books.arrived(1, 7);
    books.rejected(1, 1);
    expect(books.balance()).toMatchObject({ acknowledged: 5, arrived: 2, rejected: 1, missing: 3, doubled: 0 });
    expect([...books.missing()]).toEqual([
      [1, 2],
      [1, 3],
      [1, 4],
    ]);
  });

  it("explains a repetition by an answer that never came", () => {
    const books = new Books(100);
    books.arrived(1, 0);
    books.arrived(1, 0);
    expect(books.balance()).toMatchObject({ doubled: 1, unexplained: 0 });
  });

  it.each([
    { killedAt: 1050, unexplained: 0 },
    { killedAt: 999, unexplained: 0 },
    { killedAt: 1150, unexplained: 1 },
    { killedAt: 800, unexplained: 1 },
  ])("explains a repetition by a kill soon after the answer at 1000: killed at $killedAt", ({ killedAt, unexplained }) => {
    const books = new Books(100);
    books.arrived(1, 0);
    books.answered(1, 0, 1000);
    books.interrupted(killedAt);
    books.arrived(1, 0);
    expect(books.balance()).toMatchObject({ doubled: 1, unexplained });
  });

  it("keeps senders with many items apart", () => {
    const books = new Books(100);
    books.acknowledge([1, 0, 100_000]);
    books.acknowledge([2, 50_000, 50_010]);
    for (let sequence = 0; sequence < 100_000; sequence += 1) books.arrived(1, sequence);
    expect(books.balance()).toMatchObject({ acknowledged: 100_010, arrived: 100_000, missing: 10 });
  });
});
