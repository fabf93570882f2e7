import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyBuffer, giveBack, isAlone, ownBytes } from "./body-buffer.ts";
import { anyBytes, cut } from "../testing/pieces.ts";

describe("bodies in pieces", () => {
  it("come together whole, however they are cut and whatever length was announced", () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat()), fc.boolean(), (body, places, announced) => {
        const buffer = new BodyBuffer(announced ? body.length : -1);
        for (const piece of cut(body, places)) buffer.push(piece);
        expect(buffer.length).toBe(body.length);
        expect(buffer.take().equals(body)).toBe(true);
      }),
    );
  });

  it("come together whole from long and short pieces; the short ones are not kept", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.nat(40_000)), { minLength: 3, maxLength: 12 }), fc.boolean(), (lengths, announced) => {
        const pieces = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const whole = Buffer.concat(pieces);
        const buffer = new BodyBuffer(announced ? whole.length : -1);
        for (const piece of pieces) buffer.push(piece);
        for (const piece of pieces) if (piece.length < 16_384) piece.fill(0);
        expect(buffer.take().equals(whole)).toBe(true);
      }),
    );
  });

  it("come together whole when the memory of each piece goes that is said to be copied", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.nat(40_000)), { minLength: 1, maxLength: 12 }), fc.boolean(), (lengths, announced) => {
        const whole = Buffer.concat(lengths.map((length, index) => Buffer.alloc(length, index + 1)));
        const buffer = new BodyBuffer(announced ? whole.length : -1);
        for (const [index, length] of lengths.entries()) {
          const piece = Buffer.alloc(length, index + 1);
          if (buffer.push(piece)) piece.fill(0);
        }
        expect(buffer.take().equals(whole)).toBe(true);
      }),
    );
    const rest = new BodyBuffer(200);
    expect([rest.push(Buffer.alloc(20)), rest.push(Buffer.alloc(180))]).toEqual([false, true]);
    const small = new BodyBuffer(200);
    expect(small.push(Buffer.allocUnsafeSlow(1000).subarray(0, 200))).toBe(true);
    const whole = Buffer.allocUnsafeSlow(200);
    const own = new BodyBuffer(200);
    expect([own.push(whole), own.take() === whole]).toEqual([false, true]);
  });

  it("give back memory that is theirs alone, and enough to be worth it", () => {
    const [whole, part, short] = [Buffer.allocUnsafeSlow(16_384), Buffer.allocUnsafeSlow(16_385).subarray(1), Buffer.allocUnsafeSlow(100)];
    for (const bytes of [whole, part, short]) giveBack(bytes);
    expect([whole.length, part.length, short.length]).toEqual([0, 16_384, 100]);
  });

  it("do not keep a large read buffer alive", () => {
    const large = Buffer.allocUnsafeSlow(64 << 10);
    expect(ownBytes(large.subarray(0, 100)).buffer.byteLength).toBe(100);
    expect(ownBytes(large.subarray(0, 60_000)).buffer).toBe(large.buffer);
  });

  it("are alone in their memory, but for those of one piece beside something else", () => {
    const read = Buffer.allocUnsafeSlow(1000);
    const gathered = new BodyBuffer(900);
    for (const at of [0, 300, 600]) gathered.push(read.subarray(at, at + 300));
    const [whole, part] = [new BodyBuffer(1000), new BodyBuffer(900)];
    whole.push(read);
    part.push(read.subarray(100));
    expect([gathered, whole, part].map((buffer) => isAlone(buffer.take()))).toEqual([true, true, false]);
  });
});
