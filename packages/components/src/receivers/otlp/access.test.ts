import { PipelineError, type Extension, type RequestHeaders } from "@tidemark/core";
import { decodeStatus } from "@tidemark/otlp";
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { framed, grpcCall, grpcConnect, type GrpcReply } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { http2Send } from "../../transport/testing/http2-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const PROTO = { "content-type": "application/x-protobuf" };
const SPANS = exportRequest("traces", 3);
const VERSIONS = [
  ["HTTP/1.1", httpSend],
  ["HTTP/2", http2Send],
] as const;

let rig: ReceiverRig;
afterEach(() => rig.receiver.shutdown(AbortSignal.abort()));

function check(headers: RequestHeaders): ReadonlyMap<string, string> {
  if (headers["authorization"] === "Bearer good") return new Map([["subject", "ann"]]);
  if (headers["authorization"] === "Bearer busy") throw PipelineError.unavailable("the issuer does not answer", 2000);
  if (headers["authorization"] === "Bearer defect") throw new TypeError("x is undefined");
  throw new PipelineError("missing or unknown token", { code: "unauthenticated", retryable: false });
}

const EXTENSIONS: Readonly<Record<string, Extension>> = {
  now: { serverAuthenticator: { challenge: 'Basic realm="tidemark"', authenticate: check } },
  later: {
    serverAuthenticator: {
      authenticate: async (headers) => {
        await new Promise((resolve) => setImmediate(resolve));
        return check(headers);
      },
    },
  },
};

async function open(authenticator: string, more: object = {}): Promise<ReceiverRig> {
  const auth = { authenticator };
  rig = await openReceiver({ grpc: { auth }, http: { auth, ...more }, extensions: EXTENSIONS });
  return rig;
}

async function call(authorization?: string): Promise<GrpcReply> {
  const session = grpcConnect(rig.grpc);
  const reply = await grpcCall(session, authorization === undefined ? {} : { authorization }, [framed(SPANS)]);
  session.destroy();
  return reply;
}

describe.each(["now", "later"])("an authenticator that answers %s", (authenticator) => {
  it.each(VERSIONS)("lets the right client in over %s and no other", async (_version, send) => {
    await open(authenticator);
    const attempt = (authorization: string) => send(rig.http, { headers: { ...PROTO, authorization }, body: SPANS });
    expect((await attempt("Bearer good")).status).toBe(200);
    expect(rig.deliveries.map(({ context }) => context.auth?.get("subject"))).toEqual(["ann"]);
    const refused = await attempt("Bearer bad");
    expect([refused.status, refused.headers["www-authenticate"], decodeStatus(refused.body)]).toEqual([
      401,
      authenticator === "now" ? 'Basic realm="tidemark"' : "Bearer",
      { code: 16, message: "missing or unknown token" },
    ]);
    const busy = await attempt("Bearer busy");
    expect([busy.status, busy.headers["retry-after"]]).toEqual([503, "2"]);
    const defect = await attempt("Bearer defect");
    expect([defect.status, decodeStatus(defect.body).message]).toEqual([500, "the authenticator failed"]);
    expect(rig.context.lines.filter(({ level }) => level === "error").length).toBe(1);
    expect(rig.deliveries.length).toBe(1);
  });

  it("lets the right client in over gRPC and no other", async () => {
    await open(authenticator);
    expect((await call("Bearer good")).code).toBe(0);
    expect(rig.deliveries.map(({ context }) => context.auth?.get("subject"))).toEqual(["ann"]);
    const refused = await call();
    expect([refused.code, refused.message, refused.headers["www-authenticate"]]).toEqual([
      16,
      "missing or unknown token",
      authenticator === "now" ? 'Basic realm="tidemark"' : "Bearer",
    ]);
    expect([(await call("Bearer busy")).code, (await call("Bearer defect")).code]).toEqual([14, 13]);
    expect(rig.deliveries.length).toBe(1);
  });

  it("is asked before the body is there", async () => {
    await open(authenticator);
    const socket = connect(rig.http, "127.0.0.1");
    socket.write("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n");
    const answer = await new Promise<string>((resolve) => socket.once("data", (chunk: Buffer) => resolve(chunk.toString())));
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*\{"code":16,"message":"missing or unknown token"\}$/);
  });
});

describe("auth", () => {
  it("shows the authenticator the parameters of the query that are named, before headers of the same name", async () => {
    const seen: RequestHeaders[] = [];
    const extension: Extension = { serverAuthenticator: { authenticate: (headers) => (seen.push(headers), new Map()) } };
    const auth = { authenticator: "x", request_params: ["Token", "other"] };
    rig = await openReceiver({ http: { auth }, extensions: { x: extension } });
    const path = "/v1/traces?Token=a%20b&secret=c";
    expect((await httpSend(rig.http, { path, headers: { ...PROTO, token: "header" }, body: SPANS })).status).toBe(200);
    expect([seen[0]?.["token"], seen[0]?.["secret"], seen[0]?.["content-type"]]).toEqual(["a b", undefined, PROTO["content-type"]]);
  });

  it("does not hold up the preflight of a browser", async () => {
    await open("now", { cors: { allowed_origins: ["*"] } });
    const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
    expect((await httpSend(rig.http, { method: "OPTIONS", headers })).status).toBe(204);
  });

  it("forgets clients that leave while the authenticator thinks", async () => {
    const authenticate = (headers: RequestHeaders): Promise<ReadonlyMap<string, string>> =>
      headers["authorization"] === "Bearer good" ? Promise.resolve(new Map()) : new Promise(() => undefined);
    const auth = { authenticator: "x" };
    const sizes = { http: { auth, max_request_body_size: 1000 }, grpc: null, receiver: { max_in_flight_bytes: 1000 } };
    rig = await openReceiver({ ...sizes, extensions: { x: { serverAuthenticator: { authenticate } } } });
    const good = { headers: { ...PROTO, authorization: "Bearer good" }, body: SPANS };
    const head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    const sockets = Array.from({ length: 256 }, () => connect(rig.http, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.write(head, () => resolve()))));
    await vi.waitFor(async () => expect((await httpSend(rig.http, good)).status).toBe(429));
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect((await httpSend(rig.http, good)).status).toBe(200));
  });

  it("names an extension that is not there at start", async () => {
    await expect(open("nobody")).rejects.toThrow('extension "nobody" is not there');
    rig = await openReceiver();
  });
});

describe("middlewares", () => {
  const refusals = [PipelineError.unavailable("memory is short", 1500), PipelineError.exhausted("memory is short", 30_000)];
  it.each(refusals.map((refusal) => [refusal.code, refusal] as const))("turn requests away: %s", async (_code, refusal) => {
    let now: PipelineError | undefined = refusal;
    const middlewares = [{ id: "memory_limiter" }];
    const extensions = { memory_limiter: { admission: { refusal: () => now } } };
    rig = await openReceiver({ grpc: { middlewares }, http: { middlewares }, extensions });
    for (const [, send] of VERSIONS) {
      const reply = await send(rig.http, { headers: PROTO, body: SPANS });
      const expected = refusal.code === "unavailable" ? [503, "2"] : [429, "30"];
      expect([reply.status, reply.headers["retry-after"]]).toEqual(expected);
    }
    const reply = await call();
    const details = decodeStatus(Buffer.from(String(reply.headers["grpc-status-details-bin"]), "base64"));
    expect([reply.code, details.retryDelayMs]).toEqual(refusal.code === "unavailable" ? [14, 1500] : [8, 30_000]);
    now = undefined;
    expect([(await httpSend(rig.http, { headers: PROTO, body: SPANS })).status, (await call()).code]).toEqual([200, 0]);
  });
});
