import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FRAME, frame, uint32 } from "../testing/h2-frames.ts";
import { FLAG, SETTING, STANDARD_WINDOW } from "./frame.ts";
import { encodeSettings } from "./settings.ts";
import { brief, ConnectionRig, requestFrame } from "./testing/test-connection.ts";

const OK = [[":status", "200"]] as const;
const initialWindow = (bytes: number): Buffer => frame(FRAME.SETTINGS, 0, 0, encodeSettings([[SETTING.INITIAL_WINDOW_SIZE, bytes]]));
const grow = (streamId: number, bytes: number): Buffer => frame(FRAME.WINDOW_UPDATE, 0, streamId, uint32(bytes));
const briefs = async (rig: ConnectionRig): Promise<string[]> => (await rig.answers()).map(brief);

/** What the client does: lets windows grow, or changes the size with which they start. */
type Step =
  | { readonly kind: "grow"; readonly stream: number; readonly bytes: number }
  | { readonly kind: "initial"; readonly bytes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("grow" as const), stream: fc.nat({ max: 4 }), bytes: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ kind: fc.constant("initial" as const), bytes: fc.nat({ max: 30_000 }) }),
);

describe("answers", () => {
  it("wait for the window of their stream, head and trailers do not", async () => {
    const rig = new ConnectionRig();
    rig.say(initialWindow(0), requestFrame(1, true));
    const stream = rig.requests[0]?.stream;
    stream?.respond(OK, false);
    stream?.write(Buffer.from("hello"));
    stream?.end([["grpc-status", "0"]]);
    expect(await briefs(rig)).toEqual(["HEADERS 1"]);
    rig.say(grow(1, 3));
    expect(await briefs(rig)).toEqual(["DATA 1 3"]);
    rig.say(initialWindow(2));
    expect(await briefs(rig)).toEqual(["DATA 1 2", "HEADERS 1 END"]);
  });

  it("wait out a window that SETTINGS made negative", async () => {
    const rig = new ConnectionRig();
    rig.say(initialWindow(10), requestFrame(1, true));
    const stream = rig.requests[0]?.stream;
    stream?.respond(OK, false);
    stream?.write(Buffer.alloc(30));
    stream?.end();
    rig.say(initialWindow(0), grow(1, 10));
    expect(await briefs(rig)).toEqual(["HEADERS 1", "DATA 1 10"]);
    rig.say(grow(1, 20));
    expect(await briefs(rig)).toEqual(["DATA 1 20 END"]);
  });

  it("share the window of the connection by turns", async () => {
    const rig = new ConnectionRig();
    rig.say(initialWindow(1 << 20));
    for (const id of [1, 3, 5]) rig.say(requestFrame(id, true));
    for (const { stream } of rig.requests) {
      stream.respond(OK, false);
      stream.write(Buffer.alloc(STANDARD_WINDOW));
      stream.end();
    }
    await briefs(rig);
    rig.say(grow(0, 100), grow(0, 100), grow(0, STANDARD_WINDOW));
    const seen = (await rig.answers()).map(({ streamId }) => streamId);
    expect(seen.slice(0, 3)).toEqual([3, 5, 3]);
  });

  it("keep within every window, arrive in full and in order, and end, whatever the client does", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 60_000 }), { minLength: 1, maxLength: 4 }),
        fc.nat({ max: 20_000 }),
        fc.array(step, { maxLength: 30 }),
        async (sizes, first, steps) => {
          const rig = new ConnectionRig();
          rig.say(initialWindow(first));
          let initial = first;
          let total = STANDARD_WINDOW;
          const windows = new Map<number, number>();
          const got = new Map<number, Buffer[]>();
          const ended = new Set<number>();
          const look = async (): Promise<void> => {
            for (const { type, flags, streamId, payload } of await rig.answers()) {
              if (type === FRAME.DATA) {
                got.get(streamId)?.push(payload);
                total -= payload.length;
                windows.set(streamId, (windows.get(streamId) ?? 0) - payload.length);
                if (payload.length > 0) expect(Math.min(total, windows.get(streamId) ?? -1)).toBeGreaterThanOrEqual(0);
              }
              if ((flags & FLAG.END_STREAM) !== 0) ended.add(streamId);
            }
          };
          const bodies = sizes.map((size, index) => Buffer.alloc(size, index + 1));
          bodies.forEach((body, index) => {
            const id = 2 * index + 1;
            windows.set(id, initial);
            got.set(id, []);
            rig.say(requestFrame(id, true));
            rig.requests[index]?.stream.respond(OK, false);
            rig.requests[index]?.stream.write(body.subarray(0, body.length >> 1));
            rig.requests[index]?.stream.write(body.subarray(body.length >> 1));
            rig.requests[index]?.stream.end(index % 2 === 0 ? undefined : [["grpc-status", "0"]]);
          });
          await look();
          for (const each of steps) {
            if (each.kind === "initial") {
              for (const [id, left] of windows) windows.set(id, left + each.bytes - initial);
              initial = each.bytes;
              rig.say(initialWindow(each.bytes));
            } else {
              const id = 2 * each.stream - 1;
              if (each.stream > 0 && (!windows.has(id) || ended.has(id))) continue;
              if (each.stream === 0) total += each.bytes;
              else windows.set(id, (windows.get(id) ?? 0) + each.bytes);
              rig.say(grow(Math.max(0, id), each.bytes));
            }
            await look();
          }
          rig.say(grow(0, 1 << 20));
          total += 1 << 20;
          for (const id of windows.keys()) {
            if (ended.has(id)) continue;
            windows.set(id, (windows.get(id) ?? 0) + (1 << 20));
            rig.say(grow(id, 1 << 20));
          }
          await look();
          bodies.forEach((body, index) => expect(Buffer.concat(got.get(2 * index + 1) ?? []).equals(body)).toBe(true));
          expect([ended.size, rig.connection.openStreams, rig.closed]).toEqual([bodies.length, 0, 0]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
