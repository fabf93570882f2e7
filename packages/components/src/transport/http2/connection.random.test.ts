import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FRAME, frame, headerBlock, uint32 } from "../testing/h2-frames.ts";
import { FLAG, SETTING, TYPE } from "./frame.ts";
import { encodeSettings } from "./settings.ts";
import { cutAt, readFrames, type SeenFrame } from "./testing/read-frames.ts";
import { ConnectionRig, type SeenRequest } from "./testing/test-connection.ts";

const HEAD = headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/x" });
const REMEMBER = Buffer.concat([HEAD, Buffer.from([0x40, 1, 0x61, 1, 0x62])]);
const TRAILERS = headerBlock({ "x-a": "b" });
const streamId = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 5 }).map((index) => 2 * index + 1) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 2 ** 31 - 1) },
);
const flags = fc.constantFrom(0, 1, 4, 5, 5, 8, 0x20, 0x25, 0xff);
const of = (type: number, payload: fc.Arbitrary<Uint8Array>, itsFlags: fc.Arbitrary<number> = flags): fc.Arbitrary<Buffer> =>
  fc.tuple(itsFlags, streamId, payload).map(([bits, id, bytes]) => frame(type, bits, id, bytes));
const noise = fc.uint8Array({ maxLength: 20 });

const said: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: of(FRAME.HEADERS, fc.constantFrom(HEAD, HEAD, REMEMBER, TRAILERS), fc.constantFrom(4, 5, 5, 0)) },
  {
    weight: 6,
    arbitrary: of(
      FRAME.DATA,
      fc.nat({ max: 3000 }).map((size) => Buffer.alloc(size)),
      fc.constantFrom(0, 1),
    ),
  },
  { weight: 2, arbitrary: of(FRAME.RST_STREAM, fc.constant(uint32(8)), fc.constant(0)) },
  { weight: 2, arbitrary: of(FRAME.WINDOW_UPDATE, fc.nat({ max: 40_000 }).map(uint32), fc.constant(0)) },
  {
    weight: 2,
    arbitrary: fc.nat({ max: 70_000 }).map((bytes) => frame(FRAME.SETTINGS, 0, 0, encodeSettings([[SETTING.INITIAL_WINDOW_SIZE, bytes]]))),
  },
  { weight: 1, arbitrary: fc.constantFrom(frame(FRAME.PING, 0, 0, Buffer.alloc(8)), frame(FRAME.PING, FLAG.ACK, 0, Buffer.alloc(8))) },
  { weight: 1, arbitrary: of(FRAME.PRIORITY, fc.constant(Buffer.alloc(5)), fc.constant(0)) },
  { weight: 1, arbitrary: of(FRAME.CONTINUATION, fc.constantFrom(HEAD, Buffer.alloc(0)), fc.constantFrom(0, 4)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat({ max: 12 }), flags, streamId, noise).map(([type, bits, id, bytes]) => frame(type, bits, id, bytes)),
  },
);
/** What the server does between two pieces of what the client says. */
const deed = fc.constantFrom("", "", "", "answer", "respond", "write", "end", "reset", "pause", "resume", "close", "ping", "time");

function act(rig: ConnectionRig, what: string, which: number): void {
  const stream = rig.requests[which % Math.max(1, rig.requests.length)]?.stream;
  const deeds: Readonly<Record<string, () => void>> = {
    answer: () => {
      stream?.respond([[":status", "200"]], false);
      stream?.write(Buffer.alloc(50_000));
      stream?.end([["grpc-status", "0"]]);
    },
    respond: () => stream?.respond([[":status", "200"]], which % 2 === 0),
    write: () => stream?.write(Buffer.alloc(10)),
    end: () => stream?.end(),
    reset: () => stream?.reset(),
    pause: () => stream?.pause(),
    resume: () => stream?.resume(),
    close: () => rig.connection.close(),
    ping: () => void rig.connection.ping(() => undefined),
  };
  deeds[what]?.();
}

/** Every stream is answered by frames that RFC 9113 allows in their order: nothing behind the end or a reset. */
function illegal(frames: readonly SeenFrame[]): string[] {
  const over = new Set<number>();
  const begun = new Set<number>();
  return frames.flatMap(({ type, flags: bits, streamId: id }) => {
    const faults: string[] = [];
    if (type === TYPE.HEADERS || type === TYPE.DATA) {
      if (over.has(id)) faults.push(`frame ${type} behind the end of ${id}`);
      if (type === TYPE.DATA && !begun.has(id)) faults.push(`data before the head of ${id}`);
      begun.add(id);
      if ((bits & FLAG.END_STREAM) !== 0) over.add(id);
    }
    if (type === TYPE.RST_STREAM) over.add(id);
    return faults;
  });
}

const closedOnce = ({ closed }: SeenRequest): boolean => closed === 1;

describe("a connection, whatever its client says and its handlers do,", () => {
  it("breaks nothing, keeps no stream, and says nothing illegal", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ frames: fc.array(said, { maxLength: 6 }), cuts: fc.array(fc.nat(), { maxLength: 3 }), deed, which: fc.nat() }),
          {
            maxLength: 25,
          },
        ),
        async (turns) => {
          const rig = new ConnectionRig({ maxConcurrentStreams: 4, streamWindow: 20_000, connectionWindow: 70_000 });
          for (const { frames, cuts, deed: what, which } of turns) {
            for (const piece of cutAt(Buffer.concat(frames), cuts)) rig.say(piece);
            if (what === "time") await rig.clock.advance(600);
            else act(rig, what, which);
            expect(rig.connection.openStreams).toBe(rig.requests.filter(({ closed }) => closed === 0).length);
            expect(rig.connection.openStreams).toBeLessThanOrEqual(4);
          }
          await new Promise((resolve) => setImmediate(resolve));
          const spoken = readFrames([rig.socket.written]);
          expect(illegal(spoken)).toEqual([]);
          // It ended with GOAWAY, or it still answers.
          if (rig.closed === 1) expect(spoken.some(({ type }) => type === TYPE.GOAWAY)).toBe(true);
          rig.socket.destroy();
          expect([rig.defects, rig.closed, rig.connection.openStreams, rig.clock.pending]).toEqual([[], 1, 0, 0]);
          expect(rig.requests.every(closedOnce)).toBe(true);
        },
      ),
      { numRuns: 600 },
    );
  });
});
