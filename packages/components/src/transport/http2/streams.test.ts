import { describe, expect, it } from "vitest";
import { END_HEADERS, FRAME, frame, headerBlock, uint32 } from "../testing/h2-frames.ts";
import { ERROR, FLAG } from "./frame.ts";
import { brief, ConnectionRig, requestFrame } from "./testing/test-connection.ts";

const data = (streamId: number, length: number, isEnd = false): Buffer =>
  frame(FRAME.DATA, isEnd ? FLAG.END_STREAM : 0, streamId, Buffer.alloc(length, 0x61));
const reset = (streamId: number): Buffer => frame(FRAME.RST_STREAM, 0, streamId, uint32(ERROR.CANCEL));
const briefs = async (rig: ConnectionRig): Promise<string[]> => (await rig.answers()).map(brief);
const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => 2 * index + 1);
const OK = [[":status", "200"]] as const;

describe("a request", () => {
  it.each([
    ["without :path", headerBlock({ ":method": "POST", ":scheme": "http" })],
    ["with a name in upper case", headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/", "X-A": "b" })],
    ["with a length that is none", headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/", "content-length": "ten" })],
  ])("%s costs its stream, not the connection", async (_name, block) => {
    const rig = new ConnectionRig();
    rig.say(frame(FRAME.HEADERS, END_HEADERS, 1, block), data(1, 100), data(1, 0, true), requestFrame(3, true));
    expect(await briefs(rig)).toEqual([`RST_STREAM 1 ${ERROR.PROTOCOL_ERROR}`]);
    expect(rig.requests.map(({ stream }) => stream.id)).toEqual([3]);
  });

  it("with more header fields than we take costs its stream; the table of fields goes on", async () => {
    const rig = new ConnectionRig();
    const remembered = Buffer.concat([Buffer.from([0x40]), headerBlock({ "x-a": "1" }).subarray(1)]);
    const many = Buffer.concat([headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/" }), remembered, Buffer.alloc(1000, 0xbe)]);
    rig.say(frame(FRAME.HEADERS, END_HEADERS, 1, many));
    const next = Buffer.concat([headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/" }), Buffer.from([0xbe])]);
    rig.say(frame(FRAME.HEADERS, END_HEADERS, 3, next));
    expect(await briefs(rig)).toEqual([`RST_STREAM 1 ${ERROR.ENHANCE_YOUR_CALM}`]);
    expect(rig.requests[0]?.head["x-a"]).toBe("1");
  });

  it.each([
    ["more", [data(1, 5), data(1, 6)]],
    ["less", [data(1, 9, true)]],
    ["nothing", [data(1, 0, true)]],
  ])("with a body of %s than it said is broken", async (_name, frames) => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, false, { "content-length": "10" }), ...frames);
    expect(await briefs(rig)).toEqual([`RST_STREAM 1 ${ERROR.PROTOCOL_ERROR}`]);
    expect(rig.requests[0]).toMatchObject({ ended: false, closed: 1 });
  });

  it("ends with its trailers, which must be the end", async () => {
    const rig = new ConnectionRig();
    const trailers = headerBlock({ "x-sum": "1" });
    rig.say(requestFrame(1, false), data(1, 1), frame(FRAME.HEADERS, END_HEADERS | FLAG.END_STREAM, 1, trailers));
    rig.say(requestFrame(3, false), frame(FRAME.HEADERS, END_HEADERS, 3, trailers));
    expect(rig.requests.map(({ ended }) => ended)).toEqual([true, false]);
    expect(await briefs(rig)).toEqual([`RST_STREAM 3 ${ERROR.PROTOCOL_ERROR}`]);
  });

  it("may be answered while it still comes", async () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, false));
    rig.requests[0]?.stream.respond(OK, true);
    expect(rig.requests[0]?.closed).toBe(0);
    rig.say(data(1, 10), data(1, 0, true));
    expect(rig.requests[0]).toMatchObject({ ended: true, closed: 1 });
    expect(await briefs(rig)).toEqual(["HEADERS 1 END"]);
  });

  it("is not answered twice, nor behind its end", async () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, true));
    const stream = rig.requests[0]?.stream;
    stream?.respond(OK, false);
    stream?.respond(OK, false);
    stream?.respondInterim(OK);
    stream?.end();
    stream?.write(Buffer.from("x"));
    stream?.end();
    stream?.reset();
    expect(await briefs(rig)).toEqual(["HEADERS 1", "DATA 1 0 END"]);
  });

  it("gets more header fields in its answer than one frame takes", async () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, true));
    rig.requests[0]?.stream.respond([...OK, ["x-a", "y".repeat(40_000)]], true);
    const frames = await rig.answers();
    expect(frames.map(({ type, flags, payload }) => [type, flags, payload.length])).toEqual([
      [FRAME.HEADERS, FLAG.END_STREAM, 16_384],
      [FRAME.CONTINUATION, 0, 16_384],
      [FRAME.CONTINUATION, END_HEADERS, expect.any(Number)],
    ]);
    expect(rig.fields(Buffer.concat(frames.map(({ payload }) => payload))).at(-1)?.[1]).toHaveLength(40_000);
  });
});

describe("a client's fault with a stream", () => {
  it.each([
    ["data on a stream that never was", [data(1, 1)], ERROR.PROTOCOL_ERROR],
    ["data of the connection", [data(0, 1)], ERROR.PROTOCOL_ERROR],
    ["a reset of a stream that never was", [reset(1)], ERROR.PROTOCOL_ERROR],
    ["a window of a stream that never was", [frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1))], ERROR.PROTOCOL_ERROR],
    ["a stream of the server", [requestFrame(2, true)], ERROR.PROTOCOL_ERROR],
    ["data behind the end", [requestFrame(1, true), data(1, 1)], ERROR.STREAM_CLOSED],
    ["headers behind the end", [requestFrame(1, true), requestFrame(1, true)], ERROR.STREAM_CLOSED],
    ["headers of an older stream", [requestFrame(5, true), requestFrame(3, true)], ERROR.STREAM_CLOSED],
    ["headers behind its own reset", [requestFrame(1, false), reset(1), requestFrame(1, true)], ERROR.STREAM_CLOSED],
    ["priority of a wrong size for a stream that never was", [frame(FRAME.PRIORITY, 0, 3, Buffer.alloc(4))], ERROR.FRAME_SIZE_ERROR],
    ["headers of the connection", [requestFrame(0, true)], ERROR.PROTOCOL_ERROR],
  ])("ends the connection: %s", async (_name, frames, code) => {
    const rig = new ConnectionRig();
    rig.say(...frames);
    expect((await briefs(rig)).at(-1)).toMatch(new RegExp(`^GOAWAY \\d ${code} `));
    expect(rig.requests.every(({ closed }) => closed === 1)).toBe(true);
  });

  it.each([
    ["data behind its own reset", [requestFrame(1, false), reset(1), data(1, 1)], ERROR.STREAM_CLOSED],
    ["a window that grows by nothing", [requestFrame(1, true), frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0))], ERROR.PROTOCOL_ERROR],
    [
      "a window that grows too large",
      [requestFrame(1, true), frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1))],
      ERROR.FLOW_CONTROL_ERROR,
    ],
    ["priority of a wrong size", [requestFrame(1, true), frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(4))], ERROR.FRAME_SIZE_ERROR],
    ["a dependency on itself", [requestFrame(1, true), frame(FRAME.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 1, 0]))], ERROR.PROTOCOL_ERROR],
  ])("ends the stream: %s", async (_name, frames, code) => {
    const rig = new ConnectionRig();
    rig.say(...frames);
    for (const { stream } of rig.requests) stream.respond(OK, true);
    expect(await briefs(rig)).toEqual([`RST_STREAM 1 ${code}`]);
    expect([rig.requests[0]?.closed, rig.closed]).toEqual([1, 0]);
  });
});

describe("streams at once", () => {
  it("are refused over the limit; what their client had sent by then is passed over", async () => {
    const rig = new ConnectionRig({ maxConcurrentStreams: 1 });
    rig.say(requestFrame(1, false), requestFrame(3, false), data(3, 1000), data(3, 0), data(3, 10, true));
    expect(await briefs(rig)).toEqual([`RST_STREAM 3 ${ERROR.REFUSED_STREAM}`]);
    rig.say(data(1, 1, true));
    rig.requests[0]?.stream.respond(OK, true);
    rig.say(requestFrame(5, false));
    expect(rig.requests.map(({ stream }) => stream.id)).toEqual([1, 5]);
  });
});

describe("trailers of a stream that was refused", () => {
  it("are passed over, but what they tell the table of fields is remembered", async () => {
    const rig = new ConnectionRig({ onRequest: ({ stream }) => (stream.id === 1 ? stream.reset(ERROR.REFUSED_STREAM) : undefined) });
    const remembered = Buffer.concat([Buffer.from([0x40]), headerBlock({ "x-a": "1" }).subarray(1)]);
    rig.say(requestFrame(1, false), frame(FRAME.HEADERS, END_HEADERS | FLAG.END_STREAM, 1, remembered));
    const next = Buffer.concat([headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/" }), Buffer.from([0xbe])]);
    rig.say(frame(FRAME.HEADERS, END_HEADERS | FLAG.END_STREAM, 3, next));
    expect([rig.requests.at(-1)?.head["x-a"], await briefs(rig)]).toEqual(["1", [`RST_STREAM 1 ${ERROR.REFUSED_STREAM}`]]);
  });
});

describe("a lively client is not taken for an attack", () => {
  it("that goes on to send bodies for which we have no use", async () => {
    const rig = new ConnectionRig({ maxConcurrentStreams: 1000, onRequest: ({ stream }) => stream.reset(ERROR.REFUSED_STREAM) });
    for (const id of ids(500)) rig.say(requestFrame(id, false), ...Array.from({ length: 5 }, () => data(id, 1000)), data(id, 0, true));
    expect((await briefs(rig)).every((text) => text.startsWith("RST_STREAM"))).toBe(true);
    expect([rig.requests.length, rig.closed]).toEqual([500, 0]);
  });

  it("that stops to send when it has its answer", () => {
    const rig = new ConnectionRig({ onRequest: ({ stream }) => stream.respond(OK, true) });
    for (const id of ids(5000)) rig.say(requestFrame(id, false), reset(id));
    expect([rig.requests.length, rig.closed, rig.connection.openStreams]).toEqual([5000, 0, 0]);
  });

  it("that cancels thirty requests a second for ten minutes", async () => {
    const rig = new ConnectionRig();
    for (const id of ids(600 * 30)) {
      rig.say(requestFrame(id, false), reset(id));
      if (id % 60 === 1) await rig.clock.advance(1000);
    }
    expect(rig.closed).toBe(0);
  });

  it("whose windows grow many thousand times", () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, false));
    for (const _ of ids(20_000)) rig.say(frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1)), frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1)));
    expect(rig.closed).toBe(0);
  });
});

describe("a flood is cut off", () => {
  it.each([
    ["cancelled requests", (id: number) => [requestFrame(id, false), reset(id)]],
    ["broken requests", (id: number) => [requestFrame(id, true, { "content-length": "1" })]],
    ["empty frames on a stream that was refused", (id: number) => [...(id === 1 ? [requestFrame(1, false)] : []), data(1, 0)]],
    ["frames behind its own reset", (id: number) => [...(id === 1 ? [requestFrame(1, false), reset(1)] : []), data(1, 1)]],
    ["streams at once", (id: number) => [requestFrame(id, false)]],
  ])("of %s", (_name, frames) => {
    const rig = new ConnectionRig({ maxConcurrentStreams: 2 });
    for (const id of ids(1200)) rig.say(...frames(id));
    expect([rig.closed, rig.faults.at(-1)]).toEqual([1, expect.stringMatching(/^too many /)]);
    expect(rig.requests.every(({ closed }) => closed === 1)).toBe(true);
  });
});

describe("a paused stream", () => {
  it("keeps what comes, within its window, and lets its client go on when it is resumed", async () => {
    const rig = new ConnectionRig({ streamWindow: 10_000, onRequest: ({ stream }) => stream.pause() });
    rig.say(requestFrame(1, false), data(1, 6000), data(1, 4000));
    const [request] = rig.requests;
    expect([request?.body, await briefs(rig)]).toEqual([[], []]);
    request?.stream.resume();
    expect([Buffer.concat(request?.body ?? []).length, await briefs(rig)]).toEqual([10_000, ["WINDOW_UPDATE 1 10000"]]);
    rig.say(data(1, 1, true));
    expect(request?.ended).toBe(true);
  });

  it("that is over gives its part of the connection's window back once, and stays silent", async () => {
    const rig = new ConnectionRig({ connectionWindow: 100_000, onRequest: ({ stream }) => stream.pause() });
    await rig.heard();
    rig.say(requestFrame(1, false), ...Array.from({ length: 6 }, () => data(1, 10_000)), reset(1));
    rig.requests[0]?.stream.resume();
    rig.requests[0]?.stream.resume();
    expect((await rig.heard()).map(brief)).toEqual(["WINDOW_UPDATE 0 60000"]);
    expect(rig.requests[0]).toMatchObject({ body: [], ended: false, closed: 1 });
  });

  it("whose handler throws when it is resumed is reset, with a report", async () => {
    const rig = new ConnectionRig({ onRequest: ({ stream }) => stream.pause() });
    rig.say(requestFrame(1, false), data(1, 10), requestFrame(3, true));
    const [first, second] = rig.requests;
    if (first?.stream.listener !== undefined) {
      first.stream.listener.onData = () => {
        throw new TypeError("a defect");
      };
    }
    first?.stream.resume();
    second?.stream.resume();
    expect([rig.defects, await briefs(rig)]).toEqual([[new TypeError("a defect")], [`RST_STREAM 1 ${ERROR.INTERNAL_ERROR}`]]);
    expect([first?.closed, second?.ended]).toEqual([1, true]);
  });

  it("does not take more than its window", async () => {
    const rig = new ConnectionRig({ streamWindow: 1000, onRequest: ({ stream }) => stream.pause() });
    rig.say(requestFrame(1, false), data(1, 1001));
    expect(await briefs(rig)).toEqual([`RST_STREAM 1 ${ERROR.FLOW_CONTROL_ERROR}`]);
  });
});
