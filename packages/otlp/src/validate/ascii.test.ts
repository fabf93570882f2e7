import { describe, expect, it } from "vitest";
import { isAscii } from "./ascii.ts";

describe("ASCII", () => {
  it("is seen at every length and place, and nothing around it counts", () => {
    for (let length = 0; length <= 50; length++) {
      const bytes = new Uint8Array(length + 2).fill(0x7f);
      const view = new DataView(bytes.buffer);
      const check = (): boolean => isAscii(bytes, view, 1, 1 + length);
      for (let at = 0; at < bytes.length; at++) {
        bytes[at] = 0x80;
        expect([length, at, check()]).toEqual([length, at, at === 0 || at === length + 1]);
        bytes[at] = 0x7f;
      }
      expect(check()).toBe(true);
    }
  });
});
