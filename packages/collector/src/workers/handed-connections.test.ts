import type { ChildProcess, SendHandle } from "node:child_process";
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { HandedConnections } from "./handed-connections.ts";

/** What a worker process is to those who talk with it. */
class FakeProcess extends EventEmitter {
  connected = true;
  readonly sent: unknown[][] = [];

  send(...parameters: unknown[]): boolean {
    this.sent.push(parameters);
    return true;
  }

  disconnect(): void {
    this.connected = false;
  }
}

interface FakeConnection {
  closed: boolean;
  close(): void;
}

function connection(): SendHandle & FakeConnection {
  const made: FakeConnection = {
    closed: false,
    close() {
      made.closed = true;
    },
  };
  return made as SendHandle & FakeConnection;
}

const watch = (process: FakeProcess): HandedConnections => new HandedConnections(process as unknown as ChildProcess);
const handOver = (process: FakeProcess, seq: number, handle: SendHandle): boolean =>
  (process as unknown as ChildProcess).send({ cmd: "NODE_CLUSTER", act: "newconn", key: "4318", seq }, handle);

describe("HandedConnections", () => {
  it("gives what a dead worker has not taken to another one, which may die as well", () => {
    const [first, second, third] = [new FakeProcess(), new FakeProcess(), new FakeProcess()];
    const [a, b, c] = [watch(first), watch(second), watch(third)];
    const handles = [connection(), connection()];
    for (const [seq, handle] of handles.entries()) handOver(first, seq, handle);
    first.emit("internalMessage", { cmd: "NODE_CLUSTER", ack: 0, accepted: true });
    a.moveTo(b);
    const waiting = [{ cmd: "NODE_CLUSTER", act: "newconn", key: "4318", seq: 1 }, handles[1]];
    expect(second.sent).toEqual([waiting]);
    b.moveTo(c);
    expect(third.sent).toEqual([waiting]);
    third.emit("internalMessage", { cmd: "NODE_CLUSTER", ack: 1, accepted: true });
    c.moveTo(undefined);
    expect(handles.map(({ closed }) => closed)).toEqual([false, false]);
  });

  it("closes them when there is no other worker, so that their clients try again", () => {
    const process = new FakeProcess();
    const handed = watch(process);
    const handle = connection();
    handOver(process, 7, handle);
    handed.moveTo(undefined);
    expect(handle.closed).toBe(true);
  });

  it("leaves every other message alone", () => {
    const [process, other] = [new FakeProcess(), new FakeProcess()];
    const handed = watch(process);
    (process as unknown as ChildProcess).send({ type: "stop" });
    handed.moveTo(watch(other));
    expect([process.sent.length, other.sent.length]).toEqual([1, 0]);
  });

  it("says at once that the line is lost", () => {
    const process = new FakeProcess();
    watch(process);
    const events: string[] = [];
    process.once("disconnect", () => events.push("disconnect"));
    process.disconnect();
    expect(events).toEqual(["disconnect"]);
  });
});
