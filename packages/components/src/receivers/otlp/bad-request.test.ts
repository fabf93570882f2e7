import { decodeStatus } from "@tidemark/otlp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { framed, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { badRequestBytes } from "./bad-request.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

/** resource_spans { scope_spans { spans { trace_id: 3 bytes } } } */
const SHORT_ID = Buffer.from([0x0a, 0x09, 0x12, 0x07, 0x12, 0x05, 0x0a, 0x03, 1, 2, 3]);
const FIELD = "resource_spans.scope_spans.spans.trace_id";
const TEXT = `length at byte 8 in ${FIELD}: a trace id has 16 bytes or none, not 3`;

let rig: ReceiverRig;
beforeAll(async () => {
  rig = await openReceiver();
});
afterAll(() => rig.receiver.shutdown(AbortSignal.abort()));

it("follows the layout of google.rpc.BadRequest in an Any", () => {
  const url = "type.googleapis.com/google.rpc.BadRequest";
  const any = Buffer.concat([
    Buffer.from([0x0a, url.length]),
    Buffer.from(url),
    Buffer.from([0x12, 8, 0x0a, 6, 0x0a, 1]),
    Buffer.from("f"),
    Buffer.from([0x12, 1]),
    Buffer.from("d"),
  ]);
  expect(badRequestBytes({ field: "f", description: "d" })).toEqual(Buffer.concat([Buffer.from([0x1a, any.length]), any]));
});

it("stands behind the Status of damaged data over HTTP, where other readers find the Status as before", async () => {
  const { status, body } = await httpSend(rig.http, { headers: { "content-type": "application/x-protobuf" }, body: SHORT_ID });
  const detail = Buffer.from(badRequestBytes({ field: FIELD, description: TEXT }));
  expect([status, decodeStatus(body), body.subarray(-detail.length)]).toEqual([400, { code: 3, message: TEXT }, detail]);
});

it("stands in grpc-status-details-bin over gRPC", async () => {
  const session = grpcConnect(rig.grpc);
  const { code, headers } = await grpcCall(session, {}, [framed(SHORT_ID)]);
  session.destroy();
  const details = Buffer.from(String(headers["grpc-status-details-bin"]), "base64");
  const detail = Buffer.from(badRequestBytes({ field: FIELD, description: TEXT }));
  expect([code, decodeStatus(details), details.subarray(-detail.length)]).toEqual([3, { code: 3, message: TEXT }, detail]);
});
