import fc from "fast-check";
import { expect, it } from "vitest";
import { ReceiveWindow } from "./receive-window.ts";

it("never lets more come than its size beyond what was used, and never lets a sender wait that may send", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 1000 }), fc.array(fc.nat({ max: 500 })), (size, pieces) => {
      const window = new ReceiveWindow(size);
      let allowed = size;
      let unused = 0;
      for (const piece of pieces) {
        const bytes = Math.min(piece, allowed);
        expect(window.take(bytes)).toBe(true);
        allowed -= bytes;
        unused += bytes;
        window.use(unused);
        unused = 0;
        allowed += window.renew();
        expect(allowed).toBeLessThanOrEqual(size);
        expect(allowed).toBeGreaterThan(0);
      }
      expect(window.take(allowed + 1)).toBe(false);
    }),
  );
});
