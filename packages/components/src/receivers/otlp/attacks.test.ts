import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { END_HEADERS, FRAME, frame, headerBlock, PREFACE, uint32 } from "../../transport/testing/h2-frames.ts";
import { framed, GRPC_PATHS, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

type Protocol = "grpc" | "http";
const MIB = 1 << 20;
const SPANS = exportRequest("traces", 3);
/** 256 requests may be open: what an attack leaves behind would soon keep everybody out. */
const SMALL = {
  grpc: { max_recv_msg_size_mib: 1 },
  http: { max_request_body_size: MIB },
  receiver: { max_in_flight_bytes: MIB },
};
/** Far below what any of the floods would take if the server kept what it is sent. */
const MEMORY = 48 * MIB;

let rig: ReceiverRig;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig.receiver.shutdown(AbortSignal.abort());
});

/** The attacker's side of one connection. */
class Attacker {
  readonly socket: Socket;
  closed = false;

  constructor(port: number, reads = true) {
    this.socket = connect(port, "127.0.0.1");
    sockets.push(this.socket);
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => (this.closed = true));
    if (reads) this.socket.resume();
    this.socket.write(Buffer.concat([PREFACE, frame(FRAME.SETTINGS, 0, 0)]));
  }

  /** Writes until the server closes, or everything was taken, or the server reads no more for a while. */
  async flood(count: number, make: (index: number) => Buffer): Promise<void> {
    const perWrite = 100;
    for (let index = 0; index < count && !this.closed; index += perWrite) {
      const many = Buffer.concat(Array.from({ length: perWrite }, (_, offset) => make(index + offset)));
      const taken = await new Promise<boolean>((resolve) => {
        const stuck = setTimeout(() => resolve(false), 500);
        const done = (): void => {
          clearTimeout(stuck);
          resolve(true);
        };
        this.socket.once("close", done);
        this.socket.write(many, () => {
          this.socket.off("close", done);
          done();
        });
      });
      if (!taken) return;
    }
  }
}

function requestHeaders(protocol: Protocol, more: Readonly<Record<string, string>> = {}): Buffer {
  const own =
    protocol === "grpc"
      ? { ":path": GRPC_PATHS.traces, "content-type": "application/grpc", te: "trailers" }
      : { ":path": "/v1/traces", "content-type": "application/x-protobuf" };
  return headerBlock({ ":method": "POST", ":scheme": "http", ":authority": "x", ...own, ...more });
}

const streamOf = (index: number): number => 2 * index + 1;

async function good(protocol: Protocol): Promise<void> {
  if (protocol === "http") {
    expect((await httpSend(rig.http, { headers: { "content-type": "application/x-protobuf" }, body: SPANS })).status).toBe(200);
    return;
  }
  const session = grpcConnect(rig.grpc);
  expect((await grpcCall(session, {}, [framed(SPANS)])).code).toBe(0);
  session.destroy();
}

const memory = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Another client sends all the time while `attack` runs; says how many of its requests were answered, and the most memory seen above the start. */
async function besides(protocol: Protocol, attack: Promise<void>): Promise<{ readonly served: number; readonly grown: number }> {
  const before = memory();
  let grown = 0;
  let served = 0;
  let over = false;
  void attack.then(() => (over = true));
  do {
    await good(protocol);
    served += 1;
    grown = Math.max(grown, memory() - before);
  } while (!over);
  return { served, grown };
}

interface Attack {
  readonly name: string;
  /** What the attacker repeats, after `first`. */
  readonly each: (protocol: Protocol, index: number) => Buffer;
  readonly first?: (protocol: Protocol) => Buffer;
  readonly count: number;
  readonly reads?: boolean;
  /** Whether the server cuts the connection; else it only costs what it sends. */
  readonly cut: boolean;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    each: (protocol, index) =>
      Buffer.concat([
        frame(FRAME.HEADERS, END_HEADERS, streamOf(index), requestHeaders(protocol)),
        frame(FRAME.RST_STREAM, 0, streamOf(index), uint32(8)),
      ]),
    count: 20_000,
    cut: true,
  },
  {
    name: "resets that the server is made to send (CVE-2025-8671)",
    each: (protocol, index) =>
      Buffer.concat([
        frame(FRAME.HEADERS, END_HEADERS, streamOf(index), requestHeaders(protocol)),
        frame(FRAME.WINDOW_UPDATE, 0, streamOf(index), uint32(0)),
      ]),
    count: 20_000,
    cut: true,
  },
  {
    name: "settings, whose acknowledgements nobody reads",
    each: () => frame(FRAME.SETTINGS, 0, 0),
    count: 300_000,
    reads: false,
    cut: true,
  },
  { name: "settings", each: () => frame(FRAME.SETTINGS, 0, 0), count: 50_000, cut: true },
  {
    name: "pings, whose answers nobody reads",
    each: () => frame(FRAME.PING, 0, 0, Buffer.alloc(8)),
    count: 300_000,
    reads: false,
    cut: true,
  },
  { name: "pings", each: () => frame(FRAME.PING, 0, 0, Buffer.alloc(8)), count: 50_000, cut: true },
  {
    name: "header blocks without end (CVE-2024-27983)",
    first: (protocol) => frame(FRAME.HEADERS, 0, 1, requestHeaders(protocol)),
    each: (_protocol, index) => frame(FRAME.CONTINUATION, 0, 1, headerBlock({ [`x-${index}`]: "y".repeat(100) })),
    count: 20_000,
    cut: true,
  },
  {
    name: "empty data frames (CVE-2019-9518)",
    first: (protocol) => frame(FRAME.HEADERS, END_HEADERS, 1, requestHeaders(protocol)),
    each: () => frame(FRAME.DATA, 0, 1),
    count: 50_000,
    cut: true,
  },
  {
    name: "a header that is told once and meant a thousand times",
    // 0x40: literal with indexing, new name; 0xbe: the first entry of the dynamic table.
    each: (protocol, index) => {
      const big = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from("a"), Buffer.from([0x7f, 0x81, 0x1e]), Buffer.alloc(4000, 0x62)]);
      const block = Buffer.concat([requestHeaders(protocol), index === 0 ? big : Buffer.alloc(0), Buffer.alloc(1000, 0xbe)]);
      return frame(FRAME.HEADERS, END_HEADERS, streamOf(index), block);
    },
    count: 5000,
    cut: false,
  },
  {
    name: "priorities",
    each: (_protocol, index) => frame(FRAME.PRIORITY, 0, streamOf(index), Buffer.alloc(5)),
    count: 100_000,
    cut: false,
  },
  {
    name: "resets of streams that never were",
    each: (_protocol, index) => frame(FRAME.RST_STREAM, 0, streamOf(index), uint32(8)),
    count: 50_000,
    cut: true,
  },
  { name: "garbage", each: () => Buffer.alloc(100, 0xaa), count: 20_000, cut: true },
];

describe.each(["grpc", "http"] as const)("a hostile HTTP/2 client of the %s port costs only itself:", (protocol) => {
  it.each(ATTACKS)("$name", async ({ first, each, count, reads, cut }) => {
    rig = await openReceiver(SMALL);
    await good(protocol);
    const attacker = new Attacker(rig[protocol], reads);
    if (first !== undefined) attacker.socket.write(first(protocol));
    const { served, grown } = await besides(
      protocol,
      attacker.flood(count, (index) => each(protocol, index)),
    );
    attacker.socket.resume();
    if (cut) await vi.waitFor(() => expect(attacker.closed).toBe(true), 3000);
    expect(served).toBeGreaterThan(0);
    expect(grown).toBeLessThan(MEMORY);
    await good(protocol);
  });
});
