import { afterEach, describe, expect, it } from "vitest";
import { framed, GRPC_PATHS, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const LIMIT = 64 << 20;

let rig: ReceiverRig | undefined;
afterEach(() => rig?.receiver.shutdown(AbortSignal.abort()));

describe("requests of the recommended 64 MiB", () => {
  it.each([16 << 10, 64 << 10, 4 << 20])("pass over gRPC from a client with a window of %d bytes", async (initialWindowSize) => {
    rig = await openReceiver();
    const session = grpcConnect(rig.grpc, { initialWindowSize, maxFrameSize: 16_384 });
    const message = exportRequestOfSize(LIMIT);
    const reply = await grpcCall(session, { ":path": GRPC_PATHS.logs }, [framed(message)]);
    session.destroy();
    expect([reply.code, rig.deliveries[0]?.batch.byteLength]).toEqual([0, LIMIT]);
  });

  it("pass over HTTP with and without a length", async () => {
    rig = await openReceiver();
    const body = exportRequestOfSize(LIMIT);
    const request = { path: "/v1/logs", headers: { "content-type": "application/x-protobuf" } };
    expect((await httpSend(rig.http, { ...request, body })).status).toBe(200);
    expect((await httpSend(rig.http, { ...request, body: [body.subarray(0, 1000), body.subarray(1000)] })).status).toBe(200);
    expect(rig.deliveries.map(({ batch }) => batch.byteLength)).toEqual([LIMIT, LIMIT]);
  });

  it("pass several at a time on one connection, within the byte budget", async () => {
    rig = await openReceiver();
    const session = grpcConnect(rig.grpc);
    const frame = [framed(exportRequestOfSize(LIMIT))];
    const replies = await Promise.all([1, 2, 3].map(() => grpcCall(session, { ":path": GRPC_PATHS.logs }, frame)));
    session.destroy();
    expect(replies.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});
