import { freePort, testContext, type TestContext } from "@tidemark/core/testing";
import { openBatch } from "@tidemark/otlp";
import type { ServerHttp2Stream } from "node:http2";
import { afterEach, describe, expect, it, vi } from "vitest";
import { grpcBackend, grpcSuccess } from "../../transport/testing/fake-backend.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { sendOnce, type SendResult } from "../../transport/testing/send-once.ts";
import { otlpGrpcExporterConfig } from "./config.ts";
import type { Resolve } from "./grpc-endpoints.ts";
import { OtlpGrpcExporter } from "./otlp-grpc-exporter.ts";

type Backend = Awaited<ReturnType<typeof grpcBackend>>;

const BATCH = openBatch("traces", exportRequest("traces", 3));
const HALF_HOUR_MS = 30 * 60_000;

let backends: Backend[] = [];
let exporter: OtlpGrpcExporter | undefined;
let context: TestContext;
afterEach(async () => {
  exporter?.shutdown();
  await Promise.all(backends.map((backend) => backend.close()));
  backends = [];
});

async function serve(...settings: Parameters<typeof grpcBackend>): Promise<Backend> {
  const backend = await grpcBackend(...settings);
  backends.push(backend);
  return backend;
}

async function open(
  config: Readonly<Record<string, unknown>>,
  resolve: Resolve = () => Promise.reject(new Error("no names here")),
  extensions: Parameters<typeof testContext>[0] = {},
): Promise<OtlpGrpcExporter> {
  context = testContext({ id: "otlp_grpc", kind: "exporter", ...extensions });
  exporter = new OtlpGrpcExporter(otlpGrpcExporterConfig.parse({ tls: { insecure: true }, ...config }), context, resolve);
  await exporter.start();
  return exporter;
}

const here = ({ port }: Backend): string => `127.0.0.1:${port}`;
const isSent = ({ error }: SendResult): boolean => error === undefined;
const counts = (): number[] => backends.map(({ requests }) => requests.length);

describe("several endpoints of otlp_grpc", () => {
  it("get the calls by turns, over one session each", async () => {
    const own = await open({ endpoints: [here(await serve()), here(await serve()), here(await serve())] });
    for (let i = 0; i < 9; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([3, 3, 3]);
    expect(backends.map(({ sessions }) => sessions.size)).toEqual([1, 1, 1]);
  });

  it("with one dead: everything arrives once, and nothing waits for a retry", async () => {
    const alive = await serve();
    const own = await open({ endpoints: [`127.0.0.1:${await freePort()}`, here(alive)] });
    for (let i = 0; i < 20; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(alive.items()).toBe(60);
  });

  it("with one that dies in the middle of calls: nothing is lost, only what was under way is doubled", async () => {
    const alive = await serve();
    const dying = await serve(() => undefined);
    const own = await open({ endpoints: [here(alive), here(dying)] });
    const sending = Array.from({ length: 8 }, () => sendOnce(own, BATCH));
    await vi.waitFor(() => expect(dying.requests.length).toBe(4));
    for (const session of dying.sessions) session.destroy();
    expect((await Promise.all(sending)).every(isSent)).toBe(true);
    expect(alive.requests.length).toBe(8);
  });

  it.each([
    ["resets the stream", (stream: ServerHttp2Stream) => stream.close(2)],
    ["answers UNAVAILABLE", (stream: ServerHttp2Stream) => stream.respond({ ":status": 200, "grpc-status": "14" }, { endStream: true })],
    ["is a proxy without a server", (stream: ServerHttp2Stream) => stream.respond({ ":status": 503 }, { endStream: true })],
  ])("one that %s is left out until it works again", async (_name, answer) => {
    let works = false;
    const moody = await serve((stream) => (works ? grpcSuccess(stream) : answer(stream)));
    const good = await serve();
    const own = await open({ endpoints: [here(moody), here(good)] });
    for (let i = 0; i < 5; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([1, 5]);
    works = true;
    await context.clock.advance(2000);
    for (let i = 0; i < 4; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([3, 7]);
  });

  it("one that hangs costs one attempt", async () => {
    const hanging = await serve(() => undefined);
    const good = await serve();
    const own = await open({ endpoints: [here(hanging), here(good)] });
    const controller = new AbortController();
    const first = sendOnce(own, BATCH, controller.signal);
    await vi.waitFor(() => expect(hanging.requests.length).toBe(1));
    controller.abort(new Error("time is up"));
    expect(isSent(await first)).toBe(false);
    for (let i = 0; i < 4; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([1, 4]);
  });

  it("pick_first uses one while it works", async () => {
    const own = await open({ endpoints: [here(await serve()), here(await serve())], balancer_name: "pick_first" });
    for (let i = 0; i < 4; i++) await sendOnce(own, BATCH);
    expect(counts()).toEqual([4, 0]);
  });
});

describe("names of otlp_grpc", () => {
  it("with dns:/// every address is an endpoint; they are asked for again while something is sent", async () => {
    const backend = await serve();
    let addresses = ["127.0.0.2", "127.0.0.1"];
    const asked: string[] = [];
    const resolve: Resolve = (host) => {
      asked.push(host);
      return Promise.resolve(addresses);
    };
    const own = await open({ endpoint: `dns:///back.example:${backend.port}` }, resolve);
    for (let i = 0; i < 3; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(asked).toEqual(["back.example"]);
    expect(backend.requests[0]?.headers[":authority"]).toBe(`back.example:${backend.port}`);
    addresses = ["127.0.0.1"];
    await context.clock.advance(30_000);
    for (let i = 0; i < 3; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(asked.length).toBe(2);
  });

  it("that cannot be resolved: retryable, and the addresses known before go on", async () => {
    const backend = await serve();
    let fails = true;
    const resolve: Resolve = () => (fails ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(["127.0.0.1"]));
    const own = await open({ endpoint: `dns:///back.example:${backend.port}` }, resolve);
    expect((await sendOnce(own, BATCH)).error).toMatchObject({ retryable: true, message: "cannot resolve back.example: ENOTFOUND" });
    fails = false;
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    fails = true;
    await context.clock.advance(30_000);
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    await vi.waitFor(() => expect(context.lines.length).toBe(2));
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
  });
});

describe("sessions of otlp_grpc", () => {
  it("opens more when the server's streams run out", async () => {
    const held: ServerHttp2Stream[] = [];
    let holds = false;
    const backend = await serve((stream) => (holds ? void held.push(stream) : grpcSuccess(stream)), { maxConcurrentStreams: 2 });
    const own = await open({ endpoint: here(backend) });
    await sendOnce(own, BATCH);
    holds = true;
    const sending = Array.from({ length: 6 }, () => sendOnce(own, BATCH));
    await vi.waitFor(() => expect(held.length).toBe(6));
    expect(backend.sessions.size).toBe(3);
    held.forEach((stream) => grpcSuccess(stream));
    expect((await Promise.all(sending)).every(isSent)).toBe(true);
  });

  it("sends a refused stream again at once: the server has not begun with it", async () => {
    const backend = await serve((stream, count) => (count === 1 ? stream.close(7) : grpcSuccess(stream)));
    expect(isSent(await sendOnce(await open({ endpoint: here(backend) }), BATCH))).toBe(true);
  });

  it("loses no call to GOAWAY", async () => {
    const backend = await serve((stream, count) => {
      if (count % 5 === 0) stream.session?.goaway(0);
      grpcSuccess(stream);
    });
    const own = await open({ endpoint: here(backend) });
    const results: SendResult[] = [];
    for (let round = 0; round < 10; round++) results.push(...(await Promise.all([1, 2, 3, 4].map(() => sendOnce(own, BATCH)))));
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(backend.items()).toBe(120);
  });

  it("closes one that nobody uses, and opens it again", async () => {
    const backend = await serve();
    const own = await open({ endpoint: here(backend) });
    await sendOnce(own, BATCH);
    await context.clock.advance(HALF_HOUR_MS - 1);
    expect(backend.sessions.size).toBe(1);
    await sendOnce(own, BATCH);
    await context.clock.advance(HALF_HOUR_MS - 1);
    expect(backend.sessions.size).toBe(1);
    await context.clock.advance(1);
    await vi.waitFor(() => expect(backend.sessions.size).toBe(0));
    expect(context.clock.pending).toBe(0);
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
  });

  it("wait_for_ready waits for a server that is not there yet", async () => {
    const port = await freePort();
    const backend = await serve();
    const own = await open({ endpoint: `127.0.0.1:${port}`, wait_for_ready: true });
    const sending = sendOnce(own, BATCH);
    await new Promise<void>((resolve) => void backend.server.close(() => resolve()));
    await vi.waitFor(() => expect(context.clock.pending).toBe(1));
    await new Promise<void>((resolve) => void backend.server.listen(port, "127.0.0.1", resolve));
    await context.clock.advance(1500);
    expect(isSent(await sending)).toBe(true);
  });
});

describe("auth of otlp_grpc", () => {
  it("asks the extension for headers for every call", async () => {
    let token = 0;
    const headers = (): Record<string, string> => ({ Authorization: `Bearer ${(token += 1)}` });
    const backend = await serve();
    const extensions = { bearertokenauth: { clientAuthenticator: { headers } } };
    const own = await open({ endpoint: here(backend), auth: { authenticator: "bearertokenauth" } }, undefined, { extensions });
    await sendOnce(own, BATCH);
    await sendOnce(own, BATCH);
    expect(backend.requests.map((request) => request.headers.authorization)).toEqual(["Bearer 1", "Bearer 2"]);
  });

  it("does not start without the extension", async () => {
    await expect(open({ endpoint: "127.0.0.1:1", auth: { authenticator: "nobody" } })).rejects.toThrow('extension "nobody" is not there');
  });
});
