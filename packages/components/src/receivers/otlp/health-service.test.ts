import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { framed, grpcCall, grpcConnect } from "../../transport/testing/grpc-client.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const CHECK = { ":path": "/grpc.health.v1.Health/Check" };
const WATCH = { ":path": "/grpc.health.v1.Health/Watch" };
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;
const request = (service: string): Buffer =>
  framed(service === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]));
const traceService = "opentelemetry.proto.collector.trace.v1.TraceService";

let rig: ReceiverRig;
let session: ClientHttp2Session;
beforeEach(async () => {
  rig = await openReceiver();
  session = grpcConnect(rig.grpc);
});
afterEach(async () => {
  session.destroy();
  await rig.receiver.shutdown(AbortSignal.abort());
});

function setReady(ready: boolean): void {
  Object.assign(rig.context.host, { health: () => ({ ready, startedAt: 0, nodes: [] }) });
}

/** A watch and the statuses that it was told. */
function watch(service: string): { readonly stream: ClientHttp2Stream; readonly told: number[]; readonly trailers: Promise<unknown[]> } {
  const stream = session.request({ ":method": "POST", "content-type": "application/grpc", te: "trailers", ...WATCH });
  const told: number[] = [];
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += 7) told.push(chunk[at + 6] ?? -1);
  });
  stream.end(request(service));
  return { stream, told, trailers: once(stream, "trailers") };
}

describe("grpc.health.v1.Health/Check", () => {
  it.each([
    "",
    traceService,
    traceService.replaceAll("trace", "metrics").replace("Trace", "Metrics"),
    traceService.replace("trace", "logs").replace("Trace", "Logs"),
  ])('says of "%s" whether the pipelines run', async (service) => {
    expect((await grpcCall(session, CHECK, [request(service)])).body).toEqual(framed(Buffer.from([8, SERVING])));
    setReady(false);
    const reply = await grpcCall(session, CHECK, [request(service)]);
    expect([reply.code, reply.body]).toEqual([0, framed(Buffer.from([8, NOT_SERVING]))]);
  });

  it("does not know other services", async () => {
    const reply = await grpcCall(session, CHECK, [request("x.Y")]);
    expect([reply.code, reply.message]).toEqual([5, 'unknown service "x.Y"']);
  });

  it.each([
    ["no message", [], "the call carries no message; a unary call needs one"],
    ["a long message", [framed(Buffer.alloc(5000))], "the name of the service is too long"],
    ["another message", [framed(Buffer.from([0x08, 1]))], "the request is not a grpc.health.v1.HealthCheckRequest"],
    ["a length over the end", [framed(Buffer.from([0x0a, 9, 65]))], "the request is not a grpc.health.v1.HealthCheckRequest"],
    ["a varint that does not end", [framed(Buffer.alloc(12, 0xff))], "the request is not a grpc.health.v1.HealthCheckRequest"],
  ] as const)("refuses %s", async (_name, chunks, message) => {
    const reply = await grpcCall(session, CHECK, chunks);
    expect([reply.code, reply.message]).toEqual([3, message]);
  });

  it("cuts a request that does not come to its end", async () => {
    const late = grpcCall(session, CHECK, [Buffer.from([0, 0])], false);
    await grpcCall(session, CHECK, [request("")]);
    await rig.context.clock.advance(80_000);
    expect(await late).toMatchObject({ code: -1, resetCode: 8 });
  });
});

describe("grpc.health.v1.Health/Watch", () => {
  it("tells the status at once and each change within a second", async () => {
    const { told } = watch(traceService);
    await vi.waitFor(() => expect(told).toEqual([SERVING]));
    await rig.context.clock.advance(5000);
    setReady(false);
    await rig.context.clock.advance(1000);
    setReady(true);
    await rig.context.clock.advance(1000);
    await vi.waitFor(() => expect(told).toEqual([SERVING, NOT_SERVING, SERVING]));
  });

  it("goes on for a service that is not known", async () => {
    const { stream, told } = watch("x.Y");
    await vi.waitFor(() => expect(told).toEqual([SERVICE_UNKNOWN]));
    expect(stream.closed).toBe(false);
  });

  it("outlasts read_timeout, and ends at shutdown, which it does not hold up", async () => {
    const { told, trailers } = watch("");
    await vi.waitFor(() => expect(told).toEqual([SERVING]));
    await rig.context.clock.advance(200_000);
    await rig.receiver.shutdown(AbortSignal.timeout(5000));
    expect(told).toEqual([SERVING, NOT_SERVING]);
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "14" });
  });

  it("takes eight at a time from one connection", async () => {
    const watches = Array.from({ length: 8 }, () => watch(""));
    await vi.waitFor(() => expect(watches.flatMap(({ told }) => told).length).toBe(8));
    expect((await grpcCall(session, WATCH, [request("")])).code).toBe(8);
    watches[0]?.stream.close();
    await vi.waitFor(async () => {
      const { told, stream } = watch("");
      await once(stream, "response");
      await vi.waitFor(() => expect(told).toEqual([SERVING]), 100);
    });
  });
});
