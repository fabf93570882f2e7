import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameHead, UnaryMessage } from "./grpc-frame.ts";
import { anyBytes, cut } from "./testing/pieces.ts";

describe("gRPC frames", () => {
  it("are read whole, however they are cut", () => {
    fc.assert(
      fc.property(anyBytes, fc.boolean(), fc.array(fc.nat()), (message, compressed, places) => {
        const unary = new UnaryMessage();
        for (const piece of cut(Buffer.concat([frameHead(message.length, compressed), message]), places))
          expect(unary.push(piece)).toBeUndefined();
        expect([unary.end(), unary.compressed, unary.length]).toEqual([undefined, compressed, message.length]);
        expect(unary.take().equals(message)).toBe(true);
      }),
    );
  });

  it("that are cut off anywhere are known to be", () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(), (message, place) => {
        const frame = Buffer.concat([frameHead(message.length, false), message]);
        const unary = new UnaryMessage();
        const end = place % frame.length;
        if (end > 0) unary.push(frame.subarray(0, end));
        expect(unary.end()).toMatch(/^bad gRPC frame: \d+ bytes of|^the call carries no message/);
      }),
    );
  });
});
