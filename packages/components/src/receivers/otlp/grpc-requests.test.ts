import { decodeStatus } from "@tidemark/otlp";
import type { ClientHttp2Session, OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { framed, GRPC_PATHS, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { exportRequest, exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig, type RigOptions } from "./testing/receiver-rig.ts";

const SPANS = exportRequest("traces", 3);
const bytes = (frame: Buffer): Buffer[] => Array.from(frame, (byte) => Buffer.from([byte]));

let rig: ReceiverRig;
let session: ClientHttp2Session;
beforeAll(async () => {
  rig = await openReceiver();
  session = grpcConnect(rig.grpc);
});
afterAll(async () => {
  session.destroy();
  await rig.receiver.shutdown(AbortSignal.abort());
});

async function withReceiver(options: RigOptions, run: (own: ReceiverRig, client: ClientHttp2Session) => Promise<void>): Promise<void> {
  const own = await openReceiver(options);
  const client = grpcConnect(own.grpc);
  try {
    await run(own, client);
  } finally {
    client.destroy();
    await own.receiver.shutdown(AbortSignal.abort());
  }
}

describe("well-formed gRPC calls", () => {
  const rows: readonly [name: string, headers: OutgoingHttpHeaders, chunks: readonly Buffer[], items: number][] = [
    ["one frame", {}, [framed(SPANS)], 3],
    ["application/grpc+proto", { "content-type": "application/grpc+proto" }, [framed(SPANS)], 3],
    ["a frame cut between every two bytes", {}, bytes(framed(exportRequest("traces", 1))), 1],
    ["a head of its own", {}, [framed(SPANS).subarray(0, 5), SPANS], 3],
    ["gzip", { "grpc-encoding": "gzip" }, [framed(gzipSync(SPANS), true)], 3],
    ["zstd", { "grpc-encoding": "zstd" }, [framed(zstdCompressSync(SPANS), true)], 3],
    ["a plain message on a gzip stream", { "grpc-encoding": "gzip" }, [framed(SPANS)], 3],
    ["grpc-encoding identity", { "grpc-encoding": "identity" }, [framed(SPANS)], 3],
    ["logs", { ":path": GRPC_PATHS.logs }, [framed(exportRequest("logs", 4))], 4],
    ["metrics", { ":path": GRPC_PATHS.metrics }, [framed(exportRequest("metrics", 5))], 5],
    ["an empty message, which does not enter the pipeline", {}, [framed(Buffer.alloc(0))], 0],
  ];
  it.each(rows)("%s", async (_name, headers, chunks, items) => {
    const before = rig.deliveries.length;
    const reply = await grpcCall(session, headers, chunks);
    expect([reply.http, reply.code, reply.body.toString("hex"), reply.resetCode]).toEqual([200, 0, "0000000000", 0]);
    expect(rig.deliveries.slice(before).map(({ batch, context }) => [batch.itemCount, context.transport])).toEqual(
      items === 0 ? [] : [[items, "grpc"]],
    );
  });
});

describe("malformed gRPC calls", () => {
  const rows: readonly [name: string, headers: OutgoingHttpHeaders, chunks: readonly Buffer[], code: number, message: string | RegExp][] = [
    ["an unknown service", { ":path": "/a.B/Export" }, [framed(SPANS)], 12, "unknown service a.B"],
    [
      "an unknown method",
      { ":path": GRPC_PATHS.traces.replace("Export", "Import") },
      [framed(SPANS)],
      12,
      "unknown method Import for service opentelemetry.proto.collector.trace.v1.TraceService",
    ],
    ["the root path", { ":path": "/" }, [framed(SPANS)], 12, 'malformed method name: "/"'],
    ["GET", { ":method": "GET" }, [], 3, "gRPC calls use POST, not GET"],
    [
      "JSON messages",
      { "content-type": "application/grpc+json" },
      [framed(SPANS)],
      12,
      "messages of application/grpc+json are not supported; use application/grpc+proto",
    ],
    [
      "an unknown encoding",
      { "grpc-encoding": "snappy" },
      [framed(SPANS, true)],
      12,
      'grpc: Decompressor is not installed for grpc-encoding "snappy"; supported: identity,gzip,zstd',
    ],
    ["no message", {}, [], 3, "the call carries no message; a unary call needs one"],
    ["half a head", {}, [framed(SPANS).subarray(0, 3)], 3, "bad gRPC frame: 3 bytes of its 5 byte head"],
    ["half a message", {}, [framed(SPANS).subarray(0, 15)], 3, `bad gRPC frame: 10 bytes of a message of ${SPANS.length}`],
    [
      "a message and a half",
      {},
      [framed(SPANS), Buffer.from([0])],
      3,
      "bad gRPC frame: bytes after the message; a unary call carries exactly one",
    ],
    ["a flag that is neither 0 nor 1", {}, [Buffer.from([7, 0, 0, 0, 0])], 3, "bad gRPC frame: compressed flag is 7; it must be 0 or 1"],
    [
      "a compressed message without grpc-encoding",
      {},
      [framed(gzipSync(SPANS), true)],
      3,
      "grpc: compressed flag set with identity or empty encoding",
    ],
    ["plain bytes said to be gzip", { "grpc-encoding": "gzip" }, [framed(SPANS, true)], 3, "gzip: invalid header"],
    ["gzip cut short", { "grpc-encoding": "gzip" }, [framed(gzipSync(SPANS).subarray(0, 30), true)], 3, "gzip: unexpected end of file"],
    ["protobuf cut short", {}, [framed(SPANS.subarray(0, SPANS.length - 1))], 3, /byte|offset/],
    ["protobuf with a wrong wire type", {}, [framed(Buffer.from([0x0f]))], 3, /./],
  ];
  it.each(rows)("%s", async (_name, headers, chunks, code, message) => {
    const before = rig.deliveries.length;
    const reply = await grpcCall(session, headers, chunks);
    expect([reply.http, reply.code, reply.body.length]).toEqual([200, code, 0]);
    if (typeof message === "string") expect(reply.message).toBe(message);
    else expect(reply.message).toMatch(message);
    expect(reply.headers["grpc-accept-encoding"]).toBe(code === 12 ? "identity,gzip,zstd" : undefined);
    expect(rig.deliveries.length).toBe(before);
  });

  it("answers what is not gRPC with HTTP 415", async () => {
    const reply = await grpcCall(session, { "content-type": "application/json" }, [SPANS]);
    expect([reply.http, reply.code, reply.headers["content-type"]]).toEqual([415, -1, "text/plain"]);
  });

  it("survives connections that are not HTTP/2", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(rig.grpc, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
      socket.on("data", () => undefined);
      socket.on("error", () => undefined);
      socket.on("close", () => resolve());
    });
    expect((await grpcCall(session, {}, [framed(SPANS)])).code).toBe(0);
  });

  it("survives a flood of headers", async () => {
    const client = grpcConnect(rig.grpc);
    const flood = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x-${index}`, "y".repeat(500)]));
    const reply = await Promise.race([
      grpcCall(client, flood, [framed(SPANS)]),
      new Promise<undefined>((resolve) => client.once("close", () => resolve(undefined))),
    ]);
    expect(reply?.code).not.toBe(0);
    client.destroy();
    expect((await grpcCall(session, {}, [framed(SPANS)])).code).toBe(0);
  });
});

describe("limits over gRPC", () => {
  it("takes a message of exactly the limit and refuses one byte more, without RetryInfo", async () => {
    await withReceiver({ grpc: { max_recv_msg_size_mib: 1 } }, async (own, client) => {
      const logs = { ":path": GRPC_PATHS.logs };
      expect((await grpcCall(client, logs, [framed(exportRequestOfSize(1 << 20))])).code).toBe(0);
      const reply = await grpcCall(client, logs, [framed(exportRequestOfSize((1 << 20) + 1))]);
      expect([reply.code, reply.message]).toEqual([
        8,
        "grpc: received message larger than max (1048577 vs. 1048576); send smaller batches",
      ]);
      expect(reply.headers["grpc-status-details-bin"]).toBeUndefined();
      const gzip = { ...logs, "grpc-encoding": "gzip" };
      expect((await grpcCall(client, gzip, [framed(gzipSync(exportRequestOfSize(1 << 20)), true)])).code).toBe(0);
      expect((await grpcCall(client, gzip, [framed(gzipSync(exportRequestOfSize((1 << 20) + 1)), true)])).code).toBe(8);
      expect((await grpcCall(client, gzip, [framed(gzipSync(Buffer.alloc(256 << 20)), true)])).code).toBe(8);
      expect(own.deliveries.length).toBe(2);
    });
  });

  it("refuses on the length alone, before the message arrives", async () => {
    await withReceiver({}, async (_own, client) => {
      const reply = await grpcCall(client, {}, [Buffer.from([0, 0xff, 0xff, 0xff, 0xff])], false);
      expect([reply.code, reply.resetCode]).toEqual([8, 0]);
    });
  });

  it("answers RESOURCE_EXHAUSTED with RetryInfo while the byte budget is used up", async () => {
    await withReceiver(
      { grpc: { max_recv_msg_size_mib: 1 }, http: { max_request_body_size: 1000 }, receiver: { max_in_flight_bytes: 1 << 20 } },
      async (own, client) => {
        own.outcome = undefined;
        const frame = [framed(exportRequestOfSize(600_000))];
        const first = grpcCall(client, { ":path": GRPC_PATHS.logs }, frame);
        await vi.waitFor(() => expect(own.deliveries.length).toBe(1));
        const refused = await grpcCall(client, { ":path": GRPC_PATHS.logs }, frame);
        expect(refused.code).toBe(8);
        expect(decodeStatus(Buffer.from(String(refused.headers["grpc-status-details-bin"]), "base64"))).toMatchObject({
          code: 8,
          retryDelayMs: 1000,
        });
        own.deliveries[0]?.settlement.settle({ kind: "delivered" });
        expect((await first).code).toBe(0);
        own.outcome = { kind: "delivered" };
        expect((await grpcCall(client, { ":path": GRPC_PATHS.logs }, frame)).code).toBe(0);
      },
    );
  });

  it("ends a call whose message does not come within read_timeout", async () => {
    await withReceiver({ grpc: { read_timeout: "10s" } }, async (own, client) => {
      expect((await grpcCall(client, {}, [framed(SPANS)])).code).toBe(0);
      let reply: unknown;
      void grpcCall(client, {}, [framed(SPANS).subarray(0, 20)], false).then((ended) => (reply = ended));
      const second = (): Promise<unknown> => own.context.clock.advance(1000).then(() => reply);
      await expect
        .poll(second, { interval: 2 })
        .toMatchObject({ code: 4, message: "the message did not arrive within read_timeout (10000 ms)" });
    });
  });

  it("delivers what a client sent that did not wait for the answer, and gives back its budget", async () => {
    const budget = {
      grpc: { max_recv_msg_size_mib: 1 },
      http: { max_request_body_size: 1000 },
      receiver: { max_in_flight_bytes: 1 << 20 },
    };
    await withReceiver(budget, async (own, client) => {
      const send = (session: ClientHttp2Session): ReturnType<typeof grpcCall> =>
        grpcCall(session, { ":path": GRPC_PATHS.logs }, [framed(exportRequestOfSize(600_000))]);
      own.outcome = undefined;
      void send(client);
      await vi.waitFor(() => expect(own.deliveries.length).toBe(1));
      client.destroy();
      const next = grpcConnect(own.grpc);
      // The answer to another client shows that the server has seen the first one go.
      expect((await send(next)).code).toBe(8);
      own.deliveries[0]?.settlement.settle({ kind: "delivered" });
      own.outcome = { kind: "delivered" };
      expect((await send(next)).code).toBe(0);
      expect(own.deliveries.map(({ batch }) => batch.itemCount)).toEqual([1, 1]);
      next.destroy();
    });
  });
});
