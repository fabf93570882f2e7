import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Settlement } from "../contract/delivery.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { WaitingList, type Waiting } from "./waiting-list.ts";

describe("the waiting list", () => {
  it("holds exactly those that were added and not removed, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(), { nil: "add" as const })), (steps) => {
        const list = new WaitingList();
        const everyone: Waiting[] = [];
        const expected = new Set<Settlement>();
        for (const step of steps) {
          if (step === "add") {
            const waiting = list.add(createSettlement(() => undefined));
            everyone.push(waiting);
            expected.add(waiting.settlement);
            continue;
          }
          const waiting = everyone[step % Math.max(1, everyone.length)];
          if (waiting !== undefined) expect(list.remove(waiting)).toBe(expected.delete(waiting.settlement));
        }
        expect(new Set(list.takeAll().map(({ settlement }) => settlement))).toEqual(expected);
        expect(list.takeAll()).toEqual([]);
        expect(everyone.some((waiting) => list.remove(waiting))).toBe(false);
      }),
    );
  });
});
