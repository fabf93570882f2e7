import { describe, expect, it } from "vitest";
import { ByteBudget } from "./byte-budget.ts";

describe("the byte budget", () => {
  it("never lets more in than fits, but always one", () => {
    const budget = new ByteBudget(100);
    expect([budget.tryTake(60), budget.tryTake(41), budget.tryTake(40), budget.used]).toEqual([true, false, true, 100]);
    budget.give(40);
    expect([budget.hasRoom(0, 40), budget.hasRoom(0, 41), budget.hasRoom(30, 70), budget.hasRoom(60, 500), budget.used]).toEqual([
      true,
      false,
      true,
      true,
      60,
    ]);
    expect([budget.tryGrow(50, 41), budget.tryGrow(60, 500), budget.used]).toEqual([false, true, 560]);
  });
});
