import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { channel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { HttpAgents } from "../../transport/http-poster.ts";
import { certificateAttributes, secondsLeft } from "./certificate.ts";
import { exchange } from "./exchange.ts";
import { checkOnce, site, startCheck } from "./testing/site.ts";

const pem = (name: string): string => new URL(`../../transport/tls/testdata/${name}`, import.meta.url).pathname;
const TLS = { cert: readFileSync(pem("cert.pem")), key: readFileSync(pem("key.pem")) };

/** A server that does `act` with each connection; its port. */
async function rawServer(act: (socket: Socket) => void): Promise<{ port: number; server: Server } & AsyncDisposable> {
  const server = createServer(act).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    server,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

/** Resolves when a client has closed its connection. */
function goneFrom(server: Server): Promise<void> {
  return new Promise((resolve) => server.on("connection", (socket) => socket.on("close", () => resolve())));
}

describe("a check", () => {
  it("is passed by an answer that is expected, and says how large it was", async () => {
    await using shop = await site((_request, response) => response.end("fine"));
    const result = await checkOnce({ endpoint: `${shop.url}/health?deep=1` });
    expect(result).toMatchObject({ reason: undefined, failure: undefined, answer: { status: 200, size: 4 } });
    expect(shop.asked).toMatchObject([{ line: "GET 127.0.0.1/health?deep=1", headers: { "user-agent": "tidemark" }, body: "" }]);
  });

  it.each([
    [404, {}, "unexpected_status"],
    [503, {}, "unexpected_status"],
    [304, {}, undefined],
    [404, { expected_status: [404] }, undefined],
    [204, { expected_status: ["4xx", 204] }, undefined],
    [200, { expected_status: ["4xx", 204] }, "unexpected_status"],
  ])("takes status %i with %j for %s", async (status, options, reason) => {
    await using shop = await site((_request, response) => response.writeHead(status).end());
    const result = await checkOnce({ endpoint: shop.url, ...options });
    expect([result.reason, result.answer?.status, result.failure]).toEqual([reason, status, undefined]);
  });

  it("sends method, headers and body, and tells the type of the body where it is asked to", async () => {
    await using shop = await site((_request, response) => response.end());
    const ask = (body: string, more: object = {}): Promise<unknown> =>
      checkOnce({ endpoint: shop.url, method: "post", body, auto_content_type: true, ...more });
    await ask(' {"a":1}');
    await ask("a=1");
    await ask("hello");
    await ask("a=1", { headers: { "Content-Type": "text/x" } });
    await ask("a=1", { auto_content_type: false, headers: { Host: "shop.example.com" } });
    expect(shop.asked.map(({ line, headers, body }) => [line, headers["content-type"], body])).toEqual([
      ["POST 127.0.0.1/", "application/json", ' {"a":1}'],
      ["POST 127.0.0.1/", "application/x-www-form-urlencoded", "a=1"],
      ["POST 127.0.0.1/", "text/plain", "hello"],
      ["POST 127.0.0.1/", "text/x", "a=1"],
      ["POST shop.example.com/", undefined, "a=1"],
    ]);
  });

  it("shows who asks: by the URL, or by an authenticator, which may fail", async () => {
    await using shop = await site((_request, response) => response.end());
    const auth = { authenticator: "bearertokenauth" };
    const extensions = { bearertokenauth: { clientAuthenticator: { headers: () => ({ authorization: "Bearer t" }) } } };
    await checkOnce({ endpoint: shop.url.replace("//", "//ann:se%20cret@") });
    await checkOnce({ endpoint: shop.url, auth }, { extensions });
    expect(shop.asked.map(({ headers }) => headers.authorization)).toEqual([`Basic ${btoa("ann:se cret")}`, "Bearer t"]);
    const failing = {
      bearertokenauth: {
        clientAuthenticator: {
          headers: (): never => {
            throw new Error("no token in t0p-secret.txt");
          },
        },
      },
    };
    expect((await checkOnce({ endpoint: shop.url, auth }, { extensions: failing })).failure).toEqual({
      reason: "check_failed",
      message: "the authenticator failed",
    });
  });

  it("asks again when the server closed a kept connection at that moment", async () => {
    const seen = new Map<unknown, number>();
    await using shop = await site(({ socket }, response) => {
      const count = (seen.get(socket) ?? 0) + 1;
      seen.set(socket, count);
      if (count === 1) response.end("fine");
      else socket.resetAndDestroy();
    });
    const result = await checkOnce({ endpoint: shop.url }, { times: 3 });
    expect([result.reason, seen.size]).toEqual([undefined, 3]);
    expect(shop.asked.length).toBe(5);
  });

  it("takes a long head, but no endless one", async () => {
    await using shop = await site(({ url }, response) => response.writeHead(200, { "x-long": "a".repeat(Number(url?.slice(1))) }).end());
    expect((await checkOnce({ endpoint: `${shop.url}/100000` })).reason).toBe(undefined);
    expect((await checkOnce({ endpoint: `${shop.url}/2000000` })).failure?.message).toBe("the head of the answer is too large");
  });

  it("reads an endless body up to a bound, and takes it for an answer", async () => {
    await using shop = await site((_request, response) => {
      const go = (): void => void (response.writable && response.write(Buffer.alloc(65_536, "a"), () => setImmediate(go)));
      go();
    });
    const small = await checkOnce({ endpoint: shop.url, validations: [{ contains: "aaa" }] });
    expect([small.reason, small.answer?.size]).toEqual([undefined, 1 << 20]);
    const large = await checkOnce({ endpoint: shop.url, validations: [{ max_size: 2_000_000 }] });
    expect([large.reason, large.failed]).toEqual(["validation_failed", { size: 1 }]);
  });

  it("counts what the body passed and failed", async () => {
    await using shop = await site((_request, response) => response.end('{"state":"ok","nodes":[{"name":"a"}]}'));
    const validations = [
      { contains: "ok", not_contains: "maintenance" },
      { not_contains: "state", regex: '"nam[e]"' },
      { json_path: "nodes.0.name", equals: "a" },
      { json_path: "nodes.1.name" },
      { min_size: 10, max_size: 20 },
    ];
    const { reason, passed, failed } = await checkOnce({ endpoint: shop.url, validations });
    expect([reason, passed, failed]).toEqual([
      "validation_failed",
      { contains: 1, not_contains: 1, regex: 1, json_path: 1, size: 1 },
      { not_contains: 1, json_path: 1, size: 1 },
    ]);
  });

  it("says of TLS who the other side is, and until when", async () => {
    await using shop = await site((_request, response) => response.end("fine"), TLS);
    const endpoint = shop.url.replace("127.0.0.1", "localhost");
    for (const times of [1, 2]) {
      const result = await checkOnce({ endpoint, tls: { ca_file: pem("cert.pem") }, disable_keep_alives: true }, { times });
      const certificate = result.answer?.certificate;
      expect(result.reason).toBe(undefined);
      expect(certificate && certificateAttributes(certificate)).toEqual({
        "http.tls.issuer": expect.stringMatching(/^CN=/),
        "http.tls.cn": "localhost",
        "http.tls.san": expect.arrayContaining(["localhost"]),
      });
      expect(certificate && secondsLeft(certificate, certificate.validToDate.getTime() - 90_500)).toBe(90);
    }
  });
});

describe("a hostile target", () => {
  it("that changes the protocol has answered with this status", async () => {
    await using shop = await rawServer((socket) =>
      socket.once("data", () => socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello")),
    );
    const result = await checkOnce({ endpoint: `http://127.0.0.1:${shop.port}` });
    expect([result.reason, result.answer?.status, result.failure]).toEqual(["unexpected_status", 101, undefined]);
  });

  it("that never comes to its answer is not listened to", async () => {
    await using shop = await rawServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000)));
    });
    const result = await checkOnce({ endpoint: `http://127.0.0.1:${shop.port}` });
    expect(result.failure).toEqual({ reason: "invalid_answer", message: "too many interim answers" });
  });

  it("that sends its body byte by byte costs no more memory than the body", async () => {
    await using shop = await rawServer((socket) =>
      socket.once("data", () => {
        socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\na\r\n".repeat(30_000)}0\r\n\r\n`);
      }),
    );
    const agents = new HttpAgents({});
    const url = new URL(`http://127.0.0.1:${shop.port}`);
    const request = { url, method: "GET", headers: {}, body: undefined, proxyTimeoutMs: 30_000, maxBodyBytes: 1 << 20, keepsBody: true };
    const { body, size } = await exchange(request, agents, () => 0, new AbortController().signal);
    agents.close();
    expect([size, body.toString()]).toEqual([30_000, "a".repeat(30_000)]);
    expect(body.buffer.byteLength).toBeLessThan(128 * 1024);
  });
});

describe("without an answer", () => {
  it("a check fails after its timeout when a proxy makes no way", async () => {
    await using proxy = await rawServer((socket) => socket.on("error", () => undefined).resume());
    const asked = new Promise<void>((resolve) => proxy.server.once("connection", () => resolve()));
    const { context, result } = await startCheck({
      endpoint: "https://far.example.com/",
      proxy_url: `http://127.0.0.1:${proxy.port}`,
      timeout: "2s",
    });
    await asked;
    await context.clock.advance(2000);
    expect(await result).toMatchObject({ reason: "timeout", answer: undefined });
  });

  it("a check fails after its timeout, and hangs up", async () => {
    await using shop = await site(() => undefined);
    const hungUp = goneFrom(shop.server);
    const { context, result } = await startCheck({ endpoint: shop.url, timeout: "2s" });
    await shop.requests(1);
    await context.clock.advance(1999);
    await context.clock.advance(1);
    expect(await result).toMatchObject({
      reason: "timeout",
      failure: { message: "timeout" },
      answer: undefined,
      durationMs: 2000,
      at: context.clock.now(),
    });
    await hungUp;
    expect(context.clock.pending).toBe(0);
  });

  it("a check leaves no connection at a proxy that makes no way", async () => {
    await using proxy = await rawServer((socket) => socket.on("error", () => undefined).resume());
    const hungUp = goneFrom(proxy.server);
    const { context, result } = await startCheck({
      endpoint: "https://far.example.com/",
      proxy_url: `http://127.0.0.1:${proxy.port}`,
      idle_conn_timeout: "0s",
      timeout: "50ms",
    });
    await hungUp;
    await context.clock.advance(50);
    expect(await result).toMatchObject({ answer: undefined });
  });

  it("in time to its end a check fails, and tells the status all the same", async () => {
    await using shop = await site((_request, response) => void response.writeHead(200).write("begin"));
    const { context, result } = await startCheck({ endpoint: shop.url });
    await new Promise<void>((resolve) => channel("http.client.response.finish").subscribe(() => resolve()));
    await context.clock.advance(30_000);
    expect(await result).toMatchObject({ reason: "timeout", answer: { status: 200 }, durationMs: 30_000 });
  });

  it("to its end because the connection broke, a check fails", async () => {
    await using shop = await site((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("begin", () => response.socket?.destroy());
    });
    expect(await checkOnce({ endpoint: shop.url })).toMatchObject({ reason: "connection_closed", answer: { status: 200 } });
  });

  it("a check that is given up says nothing, and hangs up", async () => {
    await using shop = await site(() => undefined);
    const hungUp = goneFrom(shop.server);
    const { context, result, stop } = await startCheck({ endpoint: shop.url });
    await shop.requests(1);
    stop.abort();
    expect(await result).toBe(undefined);
    await hungUp;
    expect(context.clock.pending).toBe(0);
  });

  it("a check says why, in words that are the same for every target", async () => {
    const port = await rawServer(() => undefined).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server.port;
    });
    await using closing = await rawServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await using talking = await rawServer((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    await using secure = await site((_request, response) => response.end(), TLS);
    const failures = await Promise.all(
      [
        { endpoint: `http://127.0.0.1:${port}` },
        { endpoint: `http://127.0.0.1:${closing.port}` },
        { endpoint: `http://127.0.0.1:${talking.port}` },
        { endpoint: secure.url },
        { endpoint: `https://127.0.0.1:${talking.port}` },
        { endpoint: secure.url.replace("127.0.0.1", "localhost"), tls: { ca_file: pem("cert.pem"), server_name_override: "other" } },
      ].map(async (target) => (await checkOnce(target)).failure),
    );
    expect(failures).toEqual([
      { reason: "connection_refused", message: "connection refused" },
      { reason: "connection_closed", message: "connection closed" },
      { reason: "invalid_answer", message: "the answer is not HTTP" },
      { reason: "tls_failed", message: "certificate is self-signed" },
      { reason: "tls_failed", message: "TLS handshake failed" },
      { reason: "tls_failed", message: "certificate is for another host" },
    ]);
  });
});
