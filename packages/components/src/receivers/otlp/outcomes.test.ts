import { PipelineError, type Outcome, type PipelineErrorCode } from "@tidemark/core";
import { decodeExportResponse, decodeStatus } from "@tidemark/otlp";
import type { ClientHttp2Session } from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { framed, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const SPANS = exportRequest("traces", 3);

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

const refused = (code: PipelineErrorCode, retryAfterMs?: number): Outcome => ({
  kind: "refused",
  error: new PipelineError("later", { code, retryable: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }),
});
const failed = (code: PipelineErrorCode, items = 3): Outcome => ({
  kind: "failed",
  items,
  error: new PipelineError("never: 100 % sicher, größer", { code, retryable: false }),
});

describe("what the client hears of an outcome", () => {
  const rows: readonly [
    name: string,
    outcome: Outcome,
    http: number,
    retryAfter: string | undefined,
    grpc: number,
    retryInfoMs: number | undefined,
  ][] = [
    ["delivered", { kind: "delivered" }, 200, undefined, 0, undefined],
    ["dropped on purpose", { kind: "dropped", reason: "sampled" }, 200, undefined, 0, undefined],
    ["refused: unavailable", refused("unavailable"), 503, undefined, 14, undefined],
    ["refused: unavailable, come back in 1.5 s", refused("unavailable", 1500), 503, "2", 14, 1500],
    ["refused: exhausted, come back in 30 s", refused("resource_exhausted", 30_000), 429, "30", 8, 30_000],
    ["refused: exhausted, no time known", refused("resource_exhausted"), 429, "1", 8, 1000],
    ["refused: deadline exceeded", refused("deadline_exceeded"), 503, undefined, 4, undefined],
    ["refused: internal, which a client would not send again", refused("internal"), 503, undefined, 14, undefined],
    ["failed: invalid argument", failed("invalid_argument"), 400, undefined, 3, undefined],
    ["failed: unauthenticated", failed("unauthenticated"), 401, undefined, 16, undefined],
    ["failed: permission denied", failed("permission_denied"), 403, undefined, 7, undefined],
    ["failed: unimplemented", failed("unimplemented"), 404, undefined, 12, undefined],
    ["failed: internal", failed("internal"), 500, undefined, 13, undefined],
    ["failed: unavailable, which a client would send again", failed("unavailable"), 500, undefined, 13, undefined],
    ["failed: exhausted, which a client would send again", failed("resource_exhausted"), 500, undefined, 13, undefined],
  ];
  it.each(rows)("%s", async (_name, outcome, http, retryAfter, grpc, retryInfoMs) => {
    rig.outcome = outcome;
    const reply = await httpSend(rig.http, { headers: { "content-type": "application/x-protobuf" }, body: SPANS });
    expect([reply.status, reply.headers["retry-after"]]).toEqual([http, retryAfter]);
    if (http !== 200) expect(decodeStatus(reply.body).code).toBe(grpc);
    const call = await grpcCall(session, {}, [framed(SPANS)]);
    expect(call.code).toBe(grpc);
    const details = call.headers["grpc-status-details-bin"];
    const status = typeof details === "string" ? decodeStatus(Buffer.from(details, "base64")) : undefined;
    expect(status?.retryDelayMs).toBe(retryInfoMs);
    if (outcome.kind === "failed") expect(call.message).toBe(outcome.error.message);
  });

  it("failed in part: success with the number of rejected items", async () => {
    rig.outcome = failed("invalid_argument", 2);
    const partial = { rejected: 2, message: "never: 100 % sicher, größer" };
    const reply = await httpSend(rig.http, { headers: { "content-type": "application/x-protobuf" }, body: SPANS });
    expect([reply.status, decodeExportResponse("traces", reply.body)]).toEqual([200, partial]);
    const call = await grpcCall(session, {}, [framed(SPANS)]);
    expect([call.code, decodeExportResponse("traces", call.body.subarray(5))]).toEqual([0, partial]);
  });

  it("cuts long messages so that they fit into the trailers", async () => {
    rig.outcome = { kind: "failed", items: 3, error: PipelineError.invalid("x".repeat(1 << 20)) };
    expect((await grpcCall(session, {}, [framed(SPANS)])).message.length).toBe(1024);
    expect((await httpSend(rig.http, { headers: { "content-type": "application/x-protobuf" }, body: SPANS })).body.length).toBeLessThan(
      20_000,
    );
  });
});
