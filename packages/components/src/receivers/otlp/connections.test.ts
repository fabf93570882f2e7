import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeStatus } from "@tidemark/otlp";
import { framed, GRPC_PATHS, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { httpSend } from "../../transport/testing/http-client.ts";
import { http2Send } from "../../transport/testing/http2-client.ts";
import { exportRequest, exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig, type RigOptions } from "./testing/receiver-rig.ts";

const PROTO = { "content-type": "application/x-protobuf" };
const SPANS = exportRequest("traces", 3);
const MIB = 1 << 20;

let rig: ReceiverRig;
const open = async (options: RigOptions = {}): Promise<ReceiverRig> => (rig = await openReceiver(options));
afterEach(() => rig.receiver.shutdown(AbortSignal.abort()));

function http2(): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${rig.http}`);
  session.on("error", () => undefined);
  return session;
}

function dial(port: number, text = ""): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", () => undefined);
    if (text !== "") socket.write(text);
    socket.resume();
  });
}

describe("a delivery", () => {
  it("tells the address of its client, over all protocols", async () => {
    await open();
    expect((await httpSend(rig.http, { headers: PROTO, body: SPANS })).status).toBe(200);
    expect((await http2Send(rig.http, { headers: PROTO, body: SPANS })).status).toBe(200);
    const session = grpcConnect(rig.grpc);
    expect((await grpcCall(session, {}, [framed(SPANS)])).code).toBe(0);
    session.destroy();
    expect(rig.deliveries.map(({ context }) => context.clientAddress)).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1"]);
  });
});

describe("a client that says nothing", () => {
  it("is cut off on the HTTP port after read_header_timeout, whichever version it began", async () => {
    await open({ http: { read_header_timeout: "100ms" } });
    const sockets = await Promise.all(["", "PRI * HT", "P", "POST /v1/traces HTTP/1.1\r\nx: "].map((text) => dial(rig.http, text)));
    await Promise.all(sockets.map((socket) => once(socket, "close")));
  });

  it("is cut off on the gRPC port after 20 s, and after the preface alone too", async () => {
    await open();
    const sockets = await Promise.all(["", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"].map((text) => dial(rig.grpc, text)));
    const closed = sockets.map((socket) => once(socket, "close"));
    const session = grpcConnect(rig.grpc);
    await grpcCall(session, {}, [framed(SPANS)]);
    await rig.context.clock.advance(20_000);
    await Promise.all(closed);
    expect((await grpcCall(session, {}, [framed(SPANS)])).code).toBe(0);
    session.destroy();
  });

  it("loses an idle HTTP/2 connection after idle_timeout", async () => {
    await open({ http: { idle_timeout: "1m" } });
    const session = http2();
    const closed = once(session, "close");
    await once(session, "remoteSettings");
    await rig.context.clock.advance(60_000);
    await closed;
  });
});

describe("a slow client over HTTP/2 on the HTTP port", () => {
  it("hears 408 when its body does not come in time", async () => {
    await open({ http: { read_timeout: "10s" } });
    const session = http2();
    const reply = grpcCall(session, { ":path": "/v1/traces", ...PROTO }, [SPANS.subarray(0, 10)], false);
    await vi.waitFor(async () => {
      await rig.context.clock.advance(13_000);
      expect(await Promise.race([reply, Promise.resolve(undefined)])).toBeDefined();
    });
    const { http, body } = await reply;
    expect([http, decodeStatus(body)]).toEqual([408, { code: 4, message: "the request did not arrive within read_timeout" }]);
    expect((await http2Send(rig.http, { headers: PROTO, body: SPANS })).status).toBe(200);
    session.destroy();
  });

  it("loses a stream whose answer it does not take", async () => {
    await open({ http: { read_timeout: "10s" } });
    const session = connectHttp2(`http://127.0.0.1:${rig.http}`, { settings: { initialWindowSize: 0 } });
    const reply = grpcCall(session, { ":path": "/v1/traces", "content-type": "application/json" }, [Buffer.from("{")]);
    await vi.waitFor(async () => {
      await rig.context.clock.advance(13_000);
      expect(await Promise.race([reply, Promise.resolve(undefined)])).toBeDefined();
    });
    expect(await reply).toMatchObject({ http: 400, resetCode: 8 });
    session.destroy();
  });
});

describe("max_connections", () => {
  it.each(["grpc", "http"] as const)("closes what is too much on the %s port and serves the others", async (protocol) => {
    await open({ [protocol]: { max_connections: 2 } });
    const first = await dial(rig[protocol]);
    const session = protocol === "grpc" ? grpcConnect(rig.grpc) : http2();
    await once(session, "remoteSettings");
    await once(await dial(rig[protocol]), "close");
    const reply =
      protocol === "grpc" ? grpcCall(session, {}, [framed(SPANS)]) : grpcCall(session, { ":path": "/v1/traces", ...PROTO }, [SPANS]);
    expect((await reply).http).toBe(200);
    first.destroy();
    session.destroy();
  });
});

describe("max_connection_age over HTTP", () => {
  it("ends a connection of HTTP/1.1 with its next answer", async () => {
    await open({ http: { max_connection_age: "10m" } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { ...PROTO, "content-length": SPANS.length };
        const call = request({ host: "127.0.0.1", port: rig.http, path: "/v1/traces", method: "POST", headers, agent }, (response) => {
          response.resume();
          response.on("end", () => resolve(response.headers.connection));
        });
        call.on("error", reject);
        call.end(SPANS);
      });
    expect(await post()).toBe("keep-alive");
    await rig.context.clock.advance(600_000);
    expect([await post(), await post()]).toEqual(["close", "keep-alive"]);
    agent.destroy();
  });

  it("sends GOAWAY over HTTP/2 and lets open requests end", async () => {
    await open({ http: { max_connection_age: "10m" } });
    rig.outcome = undefined;
    const session = http2();
    const goaway = once(session, "goaway");
    const reply = grpcCall(session, { ":path": "/v1/traces", ...PROTO }, [SPANS]);
    await vi.waitFor(() => expect(rig.deliveries.length).toBe(1));
    await rig.context.clock.advance(600_000);
    await goaway;
    rig.deliveries[0]?.settlement.settle({ kind: "delivered" });
    expect((await reply).http).toBe(200);
  });
});

describe("fairness", () => {
  const sizes = { grpc: { max_recv_msg_size_mib: 1 }, http: { max_request_body_size: MIB }, receiver: { max_in_flight_bytes: MIB } };
  const body = exportRequestOfSize(MIB / 8 - 2000);

  it.each(["grpc", "http"] as const)("keeps room for a second client beside one that sends all it can over %s", async (protocol) => {
    await open(sizes);
    rig.outcome = undefined;
    const dialled = (): ClientHttp2Session => (protocol === "http" ? http2() : grpcConnect(rig.grpc));
    const send = async (session: ClientHttp2Session): Promise<number> => {
      if (protocol === "http") return (await grpcCall(session, { ":path": "/v1/logs", ...PROTO }, [body])).http;
      return (await grpcCall(session, { ":path": GRPC_PATHS.logs }, [framed(body)])).code === 0 ? 200 : 429;
    };
    const [greedy, modest] = [dialled(), dialled()];
    const statuses: number[] = [];
    const push = (): void => {
      void send(greedy).then((status) => statuses.push(status));
    };
    for (let i = 0; i < 12; i++) push();
    await vi.waitFor(() => expect(rig.deliveries.length + statuses.length).toBe(12));
    const held = rig.deliveries.length;
    expect(held).toBeGreaterThan(4);
    expect(await send(modest)).toBe(429);
    // Two requests of the greedy one end; it wants the room back at once.
    rig.deliveries[0]?.settlement.settle({ kind: "delivered" });
    rig.deliveries[1]?.settlement.settle({ kind: "delivered" });
    await vi.waitFor(() => expect(statuses.filter((status) => status === 200).length).toBe(2));
    const before = statuses.length;
    push();
    await vi.waitFor(() => expect(statuses.slice(before)).toEqual([429]));
    const second = send(modest);
    await vi.waitFor(() => expect(rig.deliveries.length).toBe(held + 1));
    for (const { settlement } of rig.deliveries) if (!settlement.settled) settlement.settle({ kind: "delivered" });
    expect(await second).toBe(200);
    for (const each of [greedy, modest]) each.destroy();
  });

  it("leaves places for others when one connection opens as many requests as it can", async () => {
    await open({ ...sizes, grpc: { max_recv_msg_size_mib: 1, max_concurrent_streams: 1000 } });
    const greedy = grpcConnect(rig.grpc);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      void grpcCall(greedy, {}, [Buffer.from([0])], false).then(({ resetCode }) => (refused += resetCode === 7 ? 1 : 0));
    }
    // 256 may be open; it may have the first half of them.
    await vi.waitFor(() => expect(refused).toBe(300 - 128));
    const session = grpcConnect(rig.grpc);
    expect((await grpcCall(session, {}, [framed(SPANS)])).code).toBe(0);
    for (const each of [greedy, session]) each.destroy();
  });
});
