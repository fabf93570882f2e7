import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RingBuffer } from "./ring-buffer.ts";

describe("a ring buffer", () => {
  it("does what an array with push and shift does", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(), fc.constant("shift" as const)), { maxLength: 200 }), (steps) => {
        const ring = new RingBuffer<number>();
        const list: number[] = [];
        for (const step of steps) {
          if (step === "shift") expect(ring.shift()).toBe(list.shift());
          else {
            ring.push(step);
            list.push(step);
          }
          expect(ring.length).toBe(list.length);
          expect(ring.peek()).toBe(list[0]);
        }
      }),
    );
  });

  it("gives its places back after a flood, and goes on", () => {
    const ring = new RingBuffer<number>();
    for (const round of [1, 2]) {
      for (let at = 0; at < 5000; at++) ring.push(round * at);
      for (let at = 0; at < 5000; at++) expect(ring.shift()).toBe(round * at);
      expect(ring.shift()).toBeUndefined();
    }
  });
});
