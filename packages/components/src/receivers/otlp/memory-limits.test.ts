import { connect } from "node:net";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { framed, GRPC_PATHS, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest, exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const MIB = 1 << 20;
const PROTO = { path: "/v1/logs", headers: { "content-type": "application/x-protobuf" } };
const ONE_MIB = { grpc: { max_recv_msg_size_mib: 1 }, http: { max_request_body_size: MIB } };

let rig: ReceiverRig | undefined;
afterEach(() => rig?.receiver.shutdown(AbortSignal.abort()));

async function open(maxInFlightBytes: number): Promise<ReceiverRig> {
  rig = await openReceiver({ ...ONE_MIB, receiver: { max_in_flight_bytes: maxInFlightBytes } });
  return rig;
}

describe("a length that is only announced", () => {
  it("keeps nobody else out over HTTP", async () => {
    const { http } = await open(MIB);
    const head = `POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${MIB}\r\n\r\nx`;
    const idle = Array.from({ length: 4 }, () => connect(http, "127.0.0.1"));
    await Promise.all(idle.map((socket) => new Promise<void>((resolve) => socket.write(head, () => resolve()))));
    expect((await httpSend(http, { ...PROTO, body: exportRequestOfSize(MIB / 2) })).status).toBe(200);
    for (const socket of idle) socket.destroy();
  });

  it("keeps nobody else out over gRPC", async () => {
    const { grpc } = await open(MIB);
    const session = grpcConnect(grpc);
    const idle = Array.from({ length: 4 }, () => grpcCall(session, {}, [Buffer.from([0, 0, 0x10, 0, 0, 1])], false));
    const reply = await grpcCall(session, { ":path": GRPC_PATHS.logs }, [framed(exportRequestOfSize(MIB / 2))]);
    expect(reply.code).toBe(0);
    session.destroy();
    await Promise.all(idle);
  });
});

describe("open requests", () => {
  it("are bounded over gRPC: more are refused as streams, and make room when they end", async () => {
    const { grpc, http } = await open(MIB);
    const session = grpcConnect(grpc);
    const idle = Array.from({ length: 260 }, () => grpcCall(session, {}, [], false));
    const refused = await Promise.all(idle.slice(256));
    expect(refused.map(({ resetCode }) => resetCode)).toEqual([7, 7, 7, 7]);
    expect((await httpSend(http, { ...PROTO, body: exportRequestOfSize(300) })).status).toBe(200);
    session.destroy();
    await Promise.all(idle);
    const next = grpcConnect(grpc);
    await vi.waitFor(async () =>
      expect((await grpcCall(next, { ":path": GRPC_PATHS.logs }, [framed(exportRequestOfSize(300))])).code).toBe(0),
    );
    next.destroy();
  });

  it("are bounded over HTTP: more get 429 and the end of their connection", async () => {
    const { http } = await open(MIB);
    const head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n";
    const idle = Array.from({ length: 256 }, () => connect(http, "127.0.0.1"));
    await Promise.all(idle.map((socket) => new Promise<void>((resolve) => socket.write(head, () => resolve()))));
    await vi.waitFor(async () => {
      const { status, headers } = await httpSend(http, { ...PROTO, body: exportRequestOfSize(300) });
      expect([status, headers["retry-after"], headers.connection]).toEqual([429, "1", "close"]);
    });
    for (const socket of idle) socket.destroy();
    await vi.waitFor(async () => expect((await httpSend(http, { ...PROTO, body: exportRequestOfSize(300) })).status).toBe(200));
  });

  it("end when a client does not take its answer within read_timeout", async () => {
    rig = await openReceiver({ grpc: { read_timeout: "10s" } });
    const session = grpcConnect(rig.grpc, { initialWindowSize: 0 });
    const call = grpcCall(session, { ":path": GRPC_PATHS.logs }, [framed(exportRequestOfSize(300))]);
    await vi.waitFor(() => expect(rig?.deliveries.length).toBe(1));
    await rig.context.clock.advance(20_000);
    expect(await call).toMatchObject({ http: 200, code: -1, resetCode: 8 });
    session.destroy();
  });
});

describe("what requests grow to", () => {
  it.each(["gzip", "zstd"] as const)("is reserved before many small %s bodies are unpacked", async (encoding) => {
    const { http } = await open(2 * MIB);
    const plain = exportRequestOfSize(MIB - 1000);
    const body = encoding === "gzip" ? gzipSync(plain) : zstdCompressSync(plain, { pledgedSrcSize: plain.length });
    const request = { path: "/v1/logs", headers: { ...PROTO.headers, "content-encoding": encoding }, body };
    if (rig !== undefined) rig.outcome = undefined;
    const replies = Promise.all(Array.from({ length: 6 }, () => httpSend(http, request)));
    await vi.waitFor(() => expect(rig?.deliveries.length).toBe(1));
    for (const { settlement } of rig?.deliveries ?? []) if (!settlement.settled) settlement.settle({ kind: "delivered" });
    expect((await replies).map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 429, 429, 429, 429, 429]);
    if (rig !== undefined) rig.outcome = { kind: "delivered" };
    expect((await httpSend(http, request)).status).toBe(200);
  });

  it("is believed only as far as it goes: a gzip body that says it is short is taken all the same", async () => {
    const { http } = await open(3 * MIB);
    const lying = Buffer.concat([gzipSync(exportRequestOfSize(MIB / 2)), gzipSync("")]);
    const reply = await httpSend(http, { path: "/v1/logs", headers: { ...PROTO.headers, "content-encoding": "gzip" }, body: lying });
    expect(reply.status).toBe(200);
  });

  it("includes the index of many small items", async () => {
    const { http } = await open(MIB);
    if (rig !== undefined) rig.outcome = undefined;
    const request = {
      path: "/v1/traces",
      headers: PROTO.headers,
      body: Buffer.concat(Array.from({ length: 200 }, () => exportRequest("traces", 1, ""))),
    };
    const many = { ...request, body: Buffer.concat(Array.from({ length: 10 }, () => request.body)) };
    const replies = Array.from({ length: 3 }, () => httpSend(http, many));
    const refused = await Promise.race(replies);
    expect([refused.status, many.body.length * 3 < MIB]).toEqual([429, true]);
    await rig?.receiver.shutdown(AbortSignal.abort());
    await Promise.allSettled(replies);
  });

  it("over JSON has the limit of a body", async () => {
    const { http } = await open(4 * MIB);
    const body = Buffer.from(
      `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[${"0,".repeat(400_000)}0]}]}}]}]}]}`,
    );
    const reply = await httpSend(http, { path: "/v1/metrics", headers: { "content-type": "application/json" }, body });
    expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([
      400,
      { code: 3, message: expect.stringMatching(/^too_large at byte \d+: the message takes more than \d+ bytes in binary form/) as string },
    ]);
  });
});
