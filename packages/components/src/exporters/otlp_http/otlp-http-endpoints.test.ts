import { freePort, testContext, type TestContext } from "@tidemark/core/testing";
import { openBatch } from "@tidemark/otlp";
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { httpBackend, type FakeBackend } from "../../transport/testing/fake-backend.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { sendOnce, type SendResult } from "../../transport/testing/send-once.ts";
import { otlpHttpExporterConfig } from "./config.ts";
import { OtlpHttpExporter } from "./otlp-http-exporter.ts";

const BATCH = openBatch("traces", exportRequest("traces", 3));

let backends: FakeBackend[] = [];
let exporter: OtlpHttpExporter | undefined;
let context: TestContext;
afterEach(async () => {
  exporter?.shutdown();
  await Promise.all(backends.map((backend) => backend.close()));
  backends = [];
});

async function serve(answer?: (response: ServerResponse, count: number) => void): Promise<FakeBackend> {
  const backend = await httpBackend(answer);
  backends.push(backend);
  return backend;
}

async function open(config: Readonly<Record<string, unknown>>, options: Parameters<typeof testContext>[0] = {}): Promise<OtlpHttpExporter> {
  context = testContext({ id: "otlp_http", kind: "exporter", ...options });
  exporter = new OtlpHttpExporter(otlpHttpExporterConfig.parse(config), context);
  await exporter.start();
  return exporter;
}

const here = ({ port }: FakeBackend): string => `http://127.0.0.1:${port}`;
const isSent = ({ error }: SendResult): boolean => error === undefined;
const counts = (): number[] => backends.map(({ requests }) => requests.length);

describe("several endpoints of otlp_http", () => {
  it("get the requests by turns", async () => {
    const own = await open({ endpoints: [here(await serve()), here(await serve())] });
    for (let i = 0; i < 6; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([3, 3]);
  });

  it("with one dead: everything arrives once, and nothing waits for a retry", async () => {
    const alive = await serve();
    const own = await open({ endpoints: [`http://127.0.0.1:${await freePort()}`, here(alive)] });
    for (let i = 0; i < 20; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(alive.items()).toBe(60);
  });

  it.each([
    ["cuts connections", (response: ServerResponse) => void response.socket?.destroy()],
    ["answers 503", (response: ServerResponse) => void response.writeHead(503).end()],
    ["answers 502", (response: ServerResponse) => void response.writeHead(502).end()],
  ])("one that %s is left out until it works again", async (_name, answer) => {
    let works = false;
    const moody = await serve((response) => (works ? void response.end() : answer(response)));
    const own = await open({ endpoints: [here(moody), here(await serve())] });
    for (let i = 0; i < 5; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([1, 5]);
    works = true;
    await context.clock.advance(2000);
    for (let i = 0; i < 4; i++) expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(counts()).toEqual([3, 7]);
  });

  it("one that answers 429 is not passed over: the sender has to slow down", async () => {
    const busy = await serve((response) => void response.writeHead(429, { "retry-after": "7" }).end());
    const own = await open({ endpoints: [here(busy), here(await serve())] });
    expect((await sendOnce(own, BATCH)).error).toMatchObject({ code: "resource_exhausted", retryAfterMs: 7000 });
    expect(counts()).toEqual([1, 0]);
  });

  it("wants one way to say where", () => {
    const parse = (config: object): string => otlpHttpExporterConfig.safeParse(config).error?.issues[0]?.message ?? "fine";
    expect(parse({})).toBe("at least one endpoint must be specified; write endpoint: http://host:4318");
    expect(parse({ endpoint: "http://a:1", endpoints: ["http://b:1"] })).toBe(
      "endpoint and endpoints cannot both be set; put the endpoint into the list",
    );
    expect(parse({ logs_endpoint: "http://a:1" })).toBe("fine");
  });
});

describe("connections of otlp_http", () => {
  it("are shared by the signals", async () => {
    const sockets = new Set<unknown>();
    const backend = await serve((response) => {
      sockets.add(response.socket);
      response.end();
    });
    const own = await open({ endpoint: here(backend) });
    for (const signal of ["traces", "metrics", "logs"] as const) await sendOnce(own, openBatch(signal, exportRequest(signal, 1)));
    expect(sockets.size).toBe(1);
  });

  it("close when nothing is sent for idle_conn_timeout, but not while an answer is waited for", async () => {
    const sockets: Socket[] = [];
    const backend = await serve((response) => {
      sockets.push(response.socket as Socket);
      setTimeout(() => response.end(), 120);
    });
    const own = await open({ endpoint: here(backend), idle_conn_timeout: "40ms" });
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    await vi.waitFor(() => expect(sockets[0]?.destroyed).toBe(true));
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(sockets.length).toBe(2);
  });

  it("asks the extension for headers for every request", async () => {
    let token = 0;
    const headers = (): Record<string, string> => ({ Authorization: `Bearer ${(token += 1)}` });
    const backend = await serve();
    const extensions = { oauth: { clientAuthenticator: { headers } } };
    const own = await open({ endpoint: here(backend), auth: { authenticator: "oauth" } }, { extensions });
    await sendOnce(own, BATCH);
    await sendOnce(own, BATCH);
    expect(backend.requests.map((each) => each.headers.authorization)).toEqual(["Bearer 1", "Bearer 2"]);
  });
});

describe("proxy_url of otlp_http", () => {
  it("sends through the proxy: the whole URL for http, CONNECT for https", async () => {
    const asked: string[] = [];
    const proxy = createServer((incoming, response) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      const { host, port, pathname } = new URL(incoming.url ?? "");
      const onward = request({ host: host.split(":")[0], port, path: pathname, method: "POST", headers: incoming.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 0);
        answer.pipe(response);
      });
      incoming.pipe(onward);
    });
    proxy.on("connect", (incoming, socket: Socket) => {
      asked.push(`CONNECT ${incoming.url}`);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const backend = await serve();
    const own = await open({
      endpoint: here(backend),
      proxy_url: `http://127.0.0.1:${port}`,
      logs_endpoint: "https://far.example/v1/logs",
    });
    expect(isSent(await sendOnce(own, BATCH))).toBe(true);
    expect(backend.items()).toBe(3);
    expect((await sendOnce(own, openBatch("logs", exportRequest("logs", 1)))).error).toMatchObject({ retryable: true });
    expect(asked).toEqual([`POST ${here(backend)}/v1/traces`, "CONNECT far.example:443"]);
    await new Promise<void>((resolve) => {
      proxy.close(() => resolve());
      proxy.closeAllConnections();
    });
  });
});
