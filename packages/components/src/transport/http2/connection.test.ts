import { describe, expect, it } from "vitest";
import { END_HEADERS, FRAME, frame, headerBlock, PREFACE, uint32 } from "../testing/h2-frames.ts";
import { ERROR, FLAG } from "./frame.ts";
import { brief, ConnectionRig, requestFrame } from "./testing/test-connection.ts";

const PING = frame(FRAME.PING, 0, 0, Buffer.alloc(8));
const PING_ACK = frame(FRAME.PING, FLAG.ACK, 0, Buffer.alloc(8));
const GOAWAY = 7;
const data = (streamId: number, length: number, isEnd = false): Buffer =>
  frame(FRAME.DATA, isEnd ? FLAG.END_STREAM : 0, streamId, Buffer.alloc(length, 0x61));
const briefs = async (rig: ConnectionRig): Promise<string[]> => (await rig.answers()).map(brief);

describe("a connection", () => {
  it("greets, serves a request and answers it", async () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, false), data(1, 5), data(1, 3, true));
    const [request] = rig.requests;
    expect(request).toMatchObject({ ended: true, closed: 0, head: { ":path": "/x" } });
    expect(Buffer.concat(request?.body ?? []).toString()).toBe("aaaaaaaa");
    request?.stream.respond([[":status", "200"]], false);
    request?.stream.write(Buffer.from("hello"));
    request?.stream.end([["grpc-status", "0"]]);
    expect(await briefs(rig)).toEqual(["HEADERS 1", "DATA 1 5", "HEADERS 1 END"]);
    expect([request?.closed, rig.connection.openStreams]).toEqual([1, 0]);
  });

  it("gives a large read buffer back at once, unless somebody keeps a piece of it", () => {
    for (const keeps of [false, true]) {
      const rig = new ConnectionRig({ keeps });
      rig.say(requestFrame(1, false));
      const chunk = Buffer.from(new Uint8Array(data(1, 16_384)).buffer);
      rig.socket.receive(chunk);
      expect(chunk.length).toBe(keeps ? 16_393 : 0);
      expect(Buffer.concat(rig.requests[0]?.body ?? [])).toEqual(Buffer.alloc(16_384, 0x61));
    }
  });

  it("gives a large read buffer back that ends within a header block, and serves the request", () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, false));
    const head = requestFrame(5, true);
    const [begin, rest] = [head.subarray(0, 15), head.subarray(15)];
    const chunk = Buffer.from(new Uint8Array(Buffer.concat([data(1, 16_384), requestFrame(3, false), begin])).buffer);
    rig.socket.receive(chunk);
    rig.socket.receive(Buffer.concat([rest, data(3, 3, true)]));
    expect([chunk.length, rig.faults]).toEqual([0, []]);
    expect(rig.requests.map(({ head: each, ended }) => [each[":path"], ended])).toEqual([
      ["/x", false],
      ["/x", true],
      ["/x", true],
    ]);
  });

  it("takes the greeting of a client in single bytes", () => {
    const rig = new ConnectionRig({ greeted: false });
    for (const byte of Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0), requestFrame(1, true)])) rig.say(Buffer.from([byte]));
    expect(rig.requests).toHaveLength(1);
  });

  it("is ready when its client has sent settings and taken ours", () => {
    const rig = new ConnectionRig({ greeted: false });
    rig.say(PREFACE, frame(FRAME.SETTINGS, 0, 0));
    expect(rig.connection.isReady).toBe(false);
    rig.say(frame(FRAME.SETTINGS, FLAG.ACK, 0));
    expect(rig.connection.isReady).toBe(true);
  });

  it("does not speak with who is no HTTP/2 client", async () => {
    const rig = new ConnectionRig({ greeted: false });
    rig.say(Buffer.from("POST / HTTP/1.1\r\n\r\n"));
    expect(await briefs(rig)).toEqual([`GOAWAY 0 ${ERROR.PROTOCOL_ERROR} this is not HTTP/2`]);
    expect(rig.closed).toBe(1);
  });

  it("reads nothing behind the frame at which a handler cut it", () => {
    const rig = new ConnectionRig({ onPing: (connection) => connection.destroy() });
    rig.say(requestFrame(1, false), PING, requestFrame(3, false), data(1, 5));
    expect(rig.requests.map(({ stream, closed }) => [stream.id, closed])).toEqual([[1, 1]]);
    expect([rig.requests[0]?.body, rig.closed, rig.connection.openStreams]).toEqual([[], 1, 0]);
  });

  it("is cut by a handler that throws, alone and with a report", async () => {
    const rig = new ConnectionRig({
      onRequest: ({ stream }) => {
        if (stream.id === 3) throw new TypeError("a defect");
      },
    });
    rig.say(requestFrame(1, false), requestFrame(3, false), requestFrame(5, false));
    expect(rig.defects).toEqual([new TypeError("a defect")]);
    expect(rig.requests.map(({ closed }) => closed)).toEqual([1, 1]);
    expect([await briefs(rig), rig.closed]).toEqual([[`GOAWAY 3 ${ERROR.INTERNAL_ERROR}`], 1]);
  });

  it("is over when its client closes its side", () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, true));
    rig.socket.emit("end");
    expect([rig.requests[0]?.closed, rig.closed, rig.socket.destroyed]).toEqual([1, 1, true]);
    rig.requests[0]?.stream.respond([[":status", "200"]], true);
    rig.requests[0]?.stream.reset();
    expect(rig.requests[0]?.closed).toBe(1);
  });

  it("cuts a client that sends and does not read, also when it never closes", async () => {
    const rig = new ConnectionRig();
    rig.socket.writableLength = 5 << 20;
    rig.say(PING);
    expect(rig.closed).toBe(1);
    expect(rig.socket.destroyed).toBe(false);
    await rig.clock.advance(5000);
    expect(rig.socket.destroyed).toBe(true);
  });

  it.each([
    ["SETTINGS on a stream", frame(FRAME.SETTINGS, 0, 1), ERROR.PROTOCOL_ERROR],
    ["SETTINGS that are cut off", frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(5)), ERROR.FRAME_SIZE_ERROR],
    ["an acknowledgement with a payload", frame(FRAME.SETTINGS, FLAG.ACK, 0, Buffer.alloc(6)), ERROR.FRAME_SIZE_ERROR],
    ["PING on a stream", frame(FRAME.PING, 0, 1, Buffer.alloc(8)), ERROR.PROTOCOL_ERROR],
    ["a short PING", frame(FRAME.PING, 0, 0, Buffer.alloc(7)), ERROR.FRAME_SIZE_ERROR],
    ["GOAWAY on a stream", frame(GOAWAY, 0, 1, Buffer.alloc(8)), ERROR.PROTOCOL_ERROR],
    ["a short GOAWAY", frame(GOAWAY, 0, 0, Buffer.alloc(7)), ERROR.FRAME_SIZE_ERROR],
    ["PUSH_PROMISE", frame(5, 0, 1, Buffer.alloc(8)), ERROR.PROTOCOL_ERROR],
    ["a short WINDOW_UPDATE", frame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.alloc(3)), ERROR.FRAME_SIZE_ERROR],
    ["a window that grows by nothing", frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0)), ERROR.PROTOCOL_ERROR],
    ["a window that grows too large", frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)), ERROR.FLOW_CONTROL_ERROR],
    ["a short RST_STREAM", frame(FRAME.RST_STREAM, 0, 1, Buffer.alloc(3)), ERROR.FRAME_SIZE_ERROR],
    ["PRIORITY of the connection", frame(FRAME.PRIORITY, 0, 0, Buffer.alloc(5)), ERROR.PROTOCOL_ERROR],
    ["CONTINUATION of nothing", frame(FRAME.CONTINUATION, END_HEADERS, 1), ERROR.PROTOCOL_ERROR],
    ["a frame that is too large", frame(FRAME.DATA, 0, 1, Buffer.alloc(16_385)), ERROR.FRAME_SIZE_ERROR],
  ])("ends with GOAWAY for %s", async (_name, bytes, code) => {
    const rig = new ConnectionRig();
    rig.say(bytes);
    expect((await briefs(rig)).at(-1)).toMatch(new RegExp(`^GOAWAY 0 ${code} `));
    expect(rig.closed).toBe(1);
    rig.say(requestFrame(1, true));
    expect(rig.requests).toEqual([]);
  });

  it("passes over frames of types that it does not know", async () => {
    const rig = new ConnectionRig();
    rig.say(frame(0x10, 0, 0, Buffer.from("u=1")), frame(0xfa, 0xff, 77, Buffer.alloc(100)), requestFrame(1, true));
    expect([rig.requests.length, await briefs(rig)]).toEqual([1, []]);
  });
});

describe("a connection that is closed", () => {
  it("serves what its client began before it heard of that, and then says which request was the last", async () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, true));
    rig.connection.close();
    expect(await briefs(rig)).toEqual([`GOAWAY ${2 ** 31 - 1} 0`, "PING 0"]);
    rig.say(requestFrame(3, true), PING_ACK, requestFrame(5, true), data(5, 100), requestFrame(7, false), data(7, 100, true));
    expect(rig.requests.map(({ stream }) => stream.id)).toEqual([1, 3]);
    expect(await briefs(rig)).toEqual(["GOAWAY 3 0"]);
    for (const { stream } of rig.requests) stream.respond([[":status", "200"]], true);
    expect([rig.socket.writable, rig.socket.destroyed, rig.closed]).toEqual([false, false, 0]);
    rig.socket.emit("end");
    expect([rig.socket.destroyed, rig.closed]).toEqual([true, 1]);
  });

  it("does not wait for a client that neither answers nor closes", async () => {
    const rig = new ConnectionRig();
    rig.connection.close();
    await rig.clock.advance(1000);
    expect(await briefs(rig)).toEqual([`GOAWAY ${2 ** 31 - 1} 0`, "PING 0", "GOAWAY 0 0"]);
    await rig.clock.advance(5000);
    expect([rig.socket.destroyed, rig.closed]).toEqual([true, 1]);
  });

  it("leaves at once who has not even said hello", async () => {
    const rig = new ConnectionRig({ greeted: false });
    rig.connection.close();
    expect([await briefs(rig), rig.socket.writable]).toEqual([["GOAWAY 0 0"], false]);
  });

  it("keeps no timer when it is over", () => {
    const rig = new ConnectionRig();
    rig.connection.close();
    rig.socket.destroy();
    expect(rig.clock.pending).toBe(0);
  });

  it("by GOAWAY of its client serves what is open", async () => {
    const rig = new ConnectionRig();
    rig.say(requestFrame(1, true), frame(GOAWAY, 0, 0, Buffer.alloc(8)), requestFrame(3, true));
    expect(rig.requests).toHaveLength(1);
    expect(await briefs(rig)).toEqual(["GOAWAY 1 0"]);
    rig.requests[0]?.stream.respond([[":status", "200"]], true);
    expect([await briefs(rig), rig.socket.writable]).toEqual([["HEADERS 1 END"], false]);
  });
});

describe("PING", () => {
  it("is answered, and ours are matched with their answers", async () => {
    const rig = new ConnectionRig();
    let answered = 0;
    expect(rig.connection.ping(() => (answered += 1))).toBe(true);
    rig.say(PING, PING_ACK, PING_ACK);
    expect([answered, await briefs(rig)]).toEqual([1, ["PING 0", "PING 0 ACK"]]);
    rig.connection.destroy();
    expect(rig.connection.ping(() => undefined)).toBe(false);
  });
});

describe("headers", () => {
  it("may come in CONTINUATION frames, between which nothing else may come", async () => {
    const rig = new ConnectionRig();
    const block = headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/x" });
    rig.say(frame(FRAME.HEADERS, 0, 1, block.subarray(0, 5)), frame(FRAME.CONTINUATION, END_HEADERS, 1, block.subarray(5)));
    expect(rig.requests).toHaveLength(1);
    rig.say(frame(FRAME.HEADERS, 0, 3, block), data(1, 1));
    expect(await briefs(rig)).toEqual([`GOAWAY 1 ${ERROR.PROTOCOL_ERROR} a header block is not complete`]);
  });
});
