import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FRAME, frame } from "../testing/h2-frames.ts";
import { ConnectionError, FLAG } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { cutAt, readFrames } from "./testing/read-frames.ts";

const anyFrame = fc
  .record({
    type: fc.nat({ max: 12 }),
    flags: fc.constantFrom(0, 1, 4, 5),
    stream: fc.nat({ max: 9 }),
    payload: fc.uint8Array({ maxLength: 60 }),
    padding: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
  })
  .map(({ type, flags, stream, payload, padding }) => {
    if (type !== FRAME.DATA || padding === undefined) return { bytes: frame(type, flags, stream, payload), type, flags, stream, payload };
    const padded = Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]);
    return { bytes: frame(type, flags | FLAG.PADDED, stream, padded), type, flags: flags | FLAG.PADDED, stream, payload };
  });

describe("frames", () => {
  it("are the same wherever their bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat()), (frames, places) => {
        const bytes = Buffer.concat(frames.map((each) => each.bytes));
        const wanted = frames.map(({ type, flags, stream, payload }) => ({ type, flags, streamId: stream, payload: Buffer.from(payload) }));
        expect(readFrames([bytes])).toEqual(wanted);
        expect(readFrames(cutAt(bytes, places))).toEqual(wanted);
        expect(readFrames([...bytes].map((byte) => Buffer.from([byte])))).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it("break on padding that is longer than they are, and on sizes over 16,384", () => {
    expect(() => readFrames([frame(FRAME.DATA, FLAG.PADDED, 1, Buffer.from([3, 0, 0]))])).toThrow(ConnectionError);
    expect(() => readFrames([frame(FRAME.DATA, FLAG.PADDED, 1)])).toThrow(ConnectionError);
    expect(() => readFrames([frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(16_385))])).toThrow("a frame of 16385 bytes");
    expect(readFrames([frame(FRAME.DATA, 0, 1, Buffer.alloc(16_384))])[0]?.payload).toHaveLength(16_384);
  });

  it("are read no further once it was stopped", () => {
    const seen: number[] = [];
    const reader: FrameReader = new FrameReader({
      onFrame: (type) => {
        seen.push(type);
        reader.stop();
      },
      onDataStart: () => undefined,
      onDataChunk: () => true,
      onDataEnd: () => undefined,
    });
    reader.push(Buffer.concat([frame(6, 0, 0), frame(7, 0, 0)]), 0);
    reader.push(frame(8, 0, 0), 0);
    expect(seen).toEqual([6]);
  });
});
