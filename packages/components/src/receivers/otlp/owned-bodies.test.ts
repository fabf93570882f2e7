import { afterEach, expect, it } from "vitest";
import { gzipSync } from "node:zlib";
import { framed, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const PROTO = { "content-type": "application/x-protobuf" };
const SPANS = exportRequest("traces", 3000);

let rig: ReceiverRig | undefined;
afterEach(() => rig?.receiver.shutdown(AbortSignal.abort()));

it.each<[string, (rig: ReceiverRig) => Promise<unknown>]>([
  ["over HTTP", ({ http }) => httpSend(http, { headers: PROTO, body: SPANS })],
  ["packed", ({ http }) => httpSend(http, { headers: { ...PROTO, "content-encoding": "gzip" }, body: gzipSync(SPANS) })],
  [
    "over gRPC",
    async ({ grpc }) => {
      const session = grpcConnect(grpc);
      await grpcCall(session, {}, [framed(SPANS)]);
      session.destroy();
    },
  ],
])("a request %s owns its memory", async (_, send) => {
  rig = await openReceiver();
  await send(rig);
  const bytes = rig.deliveries[0]?.batch.encode();
  expect(bytes).toEqual(SPANS);
  rig.deliveries[0]?.batch.release();
  expect(bytes?.buffer.byteLength).toBe(0);
});
