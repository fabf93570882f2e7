import { describe, expect, it } from "vitest";
import { ITEM_STRIDE, Level } from "./level.ts";

describe("rows of a level", () => {
  it("move seldom, however little room is asked for at a time", () => {
    const level = new Level(ITEM_STRIDE, 0, 1_000_000);
    const memories = new Set<Int32Array>();
    for (let row = 0; row < 50_000; row++) {
      level.reserve(1);
      level.add(row, row, row, 0);
      memories.add(level.rows);
    }
    expect(memories.size).toBeLessThan(25);
  });

  it("take no more room than was asked for at first", () => {
    const level = new Level(ITEM_STRIDE, 0, 1_000_000);
    level.reserve(300);
    expect(level.rows.length).toBe(301 * ITEM_STRIDE);
  });
});
