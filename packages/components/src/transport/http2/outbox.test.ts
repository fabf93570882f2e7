import { describe, expect, it } from "vitest";
import { TYPE } from "./frame.ts";
import { Outbox } from "./outbox.ts";
import { prepareAnswer } from "./prepared-answer.ts";
import { FakeSocket } from "./testing/fake-socket.ts";
import { readFrames } from "./testing/read-frames.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function opened(): { outbox: Outbox; socket: FakeSocket; writes: Buffer[] } {
  const socket = new FakeSocket();
  const writes: Buffer[] = [];
  socket.write = (bytes: Buffer): boolean => writes.push(bytes) > 0;
  return { outbox: new Outbox(socket.socket), socket, writes };
}

describe("what leaves", () => {
  it("in one turn of the event loop leaves in one write", async () => {
    const { outbox, writes } = opened();
    for (let id = 1; id < 20; id += 2) outbox.frame(TYPE.DATA, 0, id, Buffer.from([id]));
    expect(writes).toEqual([]);
    await turn();
    expect([writes.length, readFrames(writes).map(({ payload }) => payload[0])]).toEqual([1, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]]);
  });

  it("keeps its order and its bytes when it is large, and more than the buffer takes", async () => {
    const { outbox, writes } = opened();
    const sizes = [0, 100, 4096, 4097, 16_384, 3, ...Array.from({ length: 50 }, () => 1000)];
    sizes.forEach((size, index) => outbox.frame(TYPE.DATA, 0, index, Buffer.alloc(size, index)));
    await turn();
    const seen = readFrames(writes);
    expect(seen.map(({ streamId, payload }) => [streamId, payload.equals(Buffer.alloc(payload.length, streamId)), payload.length])).toEqual(
      sizes.map((size, index) => [index, true, size]),
    );
  });

  it("goes nowhere when the socket is gone", async () => {
    const { outbox, socket, writes } = opened();
    outbox.frame(TYPE.PING, 0, 0, Buffer.alloc(8));
    socket.destroy();
    outbox.frame(TYPE.DATA, 0, 1, Buffer.alloc(10_000));
    await turn();
    expect(writes).toEqual([]);
  });

  it("is stuck when four megabytes wait", () => {
    const { outbox, socket } = opened();
    socket.writableLength = 4 << 20;
    expect(outbox.isStuck).toBe(false);
    socket.writableLength += 1;
    expect(outbox.isStuck).toBe(true);
  });

  it.each([
    ["head, message and trailers", Buffer.from("hi"), [["grpc-status", "0"]] as const, [TYPE.HEADERS, TYPE.DATA, TYPE.HEADERS]],
    ["head and message", Buffer.from("hi"), undefined, [TYPE.HEADERS, TYPE.DATA]],
    ["a head alone", Buffer.alloc(0), undefined, [TYPE.HEADERS]],
  ])("is prepared once for all streams: %s", async (_name, message, trailers, types) => {
    const { outbox, writes } = opened();
    const answer = prepareAnswer([[":status", "200"]], message, trailers);
    for (const id of [1, 2 ** 31 - 1]) outbox.prepared(answer, id);
    await turn();
    const seen = readFrames(writes);
    expect(seen.map(({ type, streamId }) => [type, streamId])).toEqual([
      ...types.map((type) => [type, 1]),
      ...types.map((type) => [type, 2 ** 31 - 1]),
    ]);
    expect(seen.map(({ flags }) => flags & 1)).toEqual(
      [...types, ...types].map((_, index) => (index % types.length === types.length - 1 ? 1 : 0)),
    );
  });
});
