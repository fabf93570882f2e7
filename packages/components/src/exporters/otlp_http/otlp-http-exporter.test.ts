import { PipelineError } from "@tidemark/core";
import { freePort, testContext, type TestContext } from "@tidemark/core/testing";
import { encodeExportResponse, encodeStatus, openBatch } from "@tidemark/otlp";
import type { ServerResponse } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { httpBackend } from "../../transport/testing/fake-backend.ts";
import { exportRequest, exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { sendOnce, type SendResult } from "../../transport/testing/send-once.ts";
import { otlpHttpExporterConfig } from "./config.ts";
import { OtlpHttpExporter } from "./otlp-http-exporter.ts";

const SPANS = exportRequest("traces", 3);
const BATCH = openBatch("traces", SPANS);

let backend: Awaited<ReturnType<typeof httpBackend>> | undefined;
let exporter: OtlpHttpExporter | undefined;
let context: TestContext;
afterEach(async () => {
  exporter?.shutdown();
  await backend?.close();
  backend = undefined;
});

async function open(
  answer?: (response: ServerResponse, count: number) => void,
  config: Readonly<Record<string, unknown>> = {},
): Promise<OtlpHttpExporter> {
  backend = await httpBackend(answer);
  context = testContext({ id: "otlp_http", kind: "exporter" });
  exporter = new OtlpHttpExporter(otlpHttpExporterConfig.parse({ endpoint: `http://127.0.0.1:${backend.port}`, ...config }), context);
  await exporter.start();
  return exporter;
}

/** `retryable code after ms` of a failure. */
function verdict({ error }: SendResult): string {
  if (error === undefined) return "sent";
  return `${error.retryable ? "retryable" : "permanent"} ${error.code}${error.retryAfterMs === undefined ? "" : ` after ${error.retryAfterMs}`}`;
}

/** Packed at another level than ours, so that packing again would show. */
function packedBy(encoding: string, bytes: Uint8Array): Buffer {
  if (encoding === "zstd") return zstdCompressSync(bytes);
  return encoding === "gzip" ? gzipSync(bytes, { level: 9 }) : deflateSync(bytes, { level: 0 });
}

describe("requests of otlp_http", () => {
  it("posts gzipped protobuf to the path of each signal", async () => {
    const own = await open(undefined, { headers: { Authorization: "Bearer x" } });
    for (const signal of ["traces", "metrics", "logs"] as const)
      expect(verdict(await sendOnce(own, openBatch(signal, exportRequest(signal, 2))))).toBe("sent");
    expect(
      backend?.requests.map(({ path, headers }) => [path, headers["content-type"], headers["content-encoding"], headers.authorization]),
    ).toEqual(["/v1/traces", "/v1/metrics", "/v1/logs"].map((path) => [path, "application/x-protobuf", "gzip", "Bearer x"]));
    expect(backend?.requests.map(({ body }) => body)).toEqual([
      exportRequest("traces", 2),
      exportRequest("metrics", 2),
      exportRequest("logs", 2),
    ]);
    expect(backend?.items()).toBe(6);
  });

  it.each([
    ["none", undefined],
    ["", undefined],
    ["zstd", "zstd"],
    ["gzip", "gzip"],
    ["deflate", "deflate"],
    ["zlib", "zlib"],
  ])("compresses with %j as %s", async (compression, encoding) => {
    await sendOnce(await open(undefined, { compression }), BATCH);
    expect(backend?.requests[0]?.headers["content-encoding"]).toBe(encoding);
    expect(backend?.requests[0]?.body).toEqual(SPANS);
  });

  it.each([
    [{ max_conns_per_host: 1 }, 1, "keep-alive"],
    [{ disable_keep_alives: true }, 3, "close"],
    [{}, 3, "keep-alive"],
  ])("opens as many connections as %j lets it", async (config, most, kept) => {
    const sockets = new Set<unknown>();
    const waiting: ServerResponse[] = [];
    const own = await open((response) => {
      sockets.add(response.socket);
      waiting.push(response);
      if (waiting.length === most) for (const each of waiting.splice(0)) each.end();
    }, config);
    const sent = await Promise.all([1, 2, 3].map(async () => sendOnce(own, BATCH)));
    expect(sent.map(verdict)).toEqual(["sent", "sent", "sent"]);
    expect(sockets.size).toBe(most);
    expect(backend?.requests[0]?.headers.connection).toBe(kept);
  });

  it.each([
    ["gzip", "gzip", "deflate"],
    ["zstd", "zstd", "gzip"],
    ["deflate", "zlib", "gzip"],
    ["zlib", "deflate", "zstd"],
  ])("with %s sends an untouched %s body as it came, and no %s", async (compression, same, other) => {
    const own = await open(undefined, { compression });
    const came = packedBy(same, SPANS);
    await sendOnce(own, openBatch("traces", SPANS, { compressed: { encoding: same, bytes: came } }));
    await sendOnce(own, openBatch("traces", SPANS, { compressed: { encoding: other, bytes: Buffer.from("?") } }));
    expect(backend?.requests[0]?.wire).toEqual(came);
    expect(backend?.requests.map(({ body }) => body)).toEqual([SPANS, SPANS]);
  });

  it("sends JSON", async () => {
    await sendOnce(await open(undefined, { encoding: "json", compression: "none" }), BATCH);
    expect(backend?.requests[0]?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(String(backend?.requests[0]?.body))).toEqual(JSON.parse(BATCH.toJson()));
  });

  it("uses an endpoint of its own for a signal as it is", async () => {
    const own = await open();
    own.shutdown();
    const port = backend?.port ?? 0;
    exporter = new OtlpHttpExporter(
      otlpHttpExporterConfig.parse({ endpoint: `http://127.0.0.1:${port}/base/`, logs_endpoint: `http://127.0.0.1:${port}/in/logs?x=1` }),
      context,
    );
    await exporter.start();
    await sendOnce(exporter, BATCH);
    await sendOnce(exporter, openBatch("logs", exportRequest("logs", 1)));
    expect(backend?.requests.map(({ path }) => path)).toEqual(["/base/v1/traces", "/in/logs?x=1"]);
  });

  it("never sends more than 64 MiB", async () => {
    const own = await open(undefined, { compression: "none" });
    expect(verdict(await sendOnce(own, openBatch("logs", exportRequestOfSize(64 << 20))))).toBe("sent");
    expect(verdict(await sendOnce(own, openBatch("logs", exportRequestOfSize((64 << 20) + 1))))).toBe("permanent invalid_argument");
    expect(backend?.requests.map(({ wire }) => wire.length)).toEqual([64 << 20]);
  });
});

describe("answers to otlp_http", () => {
  const rows: readonly [status: number, headers: Record<string, string>, expected: string][] = [
    [200, {}, "sent"],
    [202, {}, "sent"],
    [301, { location: "/elsewhere" }, "permanent internal"],
    [400, {}, "permanent invalid_argument"],
    [401, {}, "permanent unauthenticated"],
    [403, {}, "permanent permission_denied"],
    [404, {}, "permanent unimplemented"],
    [408, {}, "permanent invalid_argument"],
    [413, {}, "permanent invalid_argument"],
    [429, {}, "retryable resource_exhausted"],
    [429, { "retry-after": "7" }, "retryable resource_exhausted after 7000"],
    [500, {}, "permanent internal"],
    [501, {}, "permanent internal"],
    [502, {}, "retryable unavailable"],
    [502, { "retry-after": "7" }, "retryable unavailable"],
    [503, {}, "retryable unavailable"],
    [503, { "retry-after": "0" }, "retryable unavailable after 0"],
    [503, { "retry-after": "soon" }, "retryable unavailable"],
    [504, {}, "retryable unavailable"],
  ];
  it.each(rows)("%i %j is %s", async (status, headers, expected) => {
    const own = await open((response) => void response.writeHead(status, headers).end());
    expect(verdict(await sendOnce(own, BATCH))).toBe(expected);
    expect(backend?.requests.length).toBe(1);
  });

  it("reads Retry-After as a date by the clock of the far side", async () => {
    const date = "Thu, 09 Oct 2025 08:53:20 GMT";
    const own = await open((response) => void response.writeHead(503, { date, "retry-after": "Thu, 09 Oct 2025 08:54:50 GMT" }).end());
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable after 90000");
  });

  it("repeats what the far side said, from a Status or from plain text", async () => {
    const own = await open((response, count) => {
      if (count === 1)
        response.writeHead(400, { "content-type": "application/x-protobuf" }).end(encodeStatus({ code: 3, message: "no such tenant" }));
      else response.writeHead(400, { "content-type": "application/json" }).end('{"code":3,"message":"no such user"}');
    });
    expect((await sendOnce(own, BATCH)).error?.message).toMatch(
      /\/v1\/traces responded with HTTP Status Code 400, Message=no such tenant$/,
    );
    expect((await sendOnce(own, BATCH)).error?.message).toMatch(/Message=no such user$/);
  });

  it("reports a partial success, and only warns of one without rejected items", async () => {
    const own = await open((response, count) => {
      response.setHeader("content-type", "application/x-protobuf");
      response.end(encodeExportResponse("traces", count === 1 ? { rejected: 2, message: "too old" } : { rejected: 0, message: "use v2" }));
    });
    expect(await sendOnce(own, BATCH)).toEqual({ rejected: 2, message: "too old" });
    expect(await sendOnce(own, BATCH)).toEqual({ rejected: 0, message: "" });
    expect(context.lines.map(({ level, fields }) => [level, fields["message"]])).toEqual([
      ["warn", "too old"],
      ["warn", "use v2"],
    ]);
  });

  it("takes a success with an unreadable body as a success", async () => {
    const own = await open((response) => void response.setHeader("content-type", "application/x-protobuf").end(Buffer.from([0xff])));
    expect(verdict(await sendOnce(own, BATCH))).toBe("sent");
    expect(context.lines.length).toBe(1);
  });
});

describe("broken connections of otlp_http", () => {
  it("finds nobody: retryable, with the URL in the message", async () => {
    const port = await freePort();
    const own = await open(undefined, { endpoint: `http://127.0.0.1:${port}` });
    const result = await sendOnce(own, BATCH);
    expect(verdict(result)).toBe("retryable unavailable");
    expect(result.error?.message).toContain(`request to http://127.0.0.1:${port}/v1/traces failed: `);
  });

  it("keeps user, password and query of the URL out of messages", async () => {
    const port = await freePort();
    const own = await open(undefined, { traces_endpoint: `http://user:s3cr3t@127.0.0.1:${port}/v1/traces?key=s3cr3t` });
    const message = (await sendOnce(own, BATCH)).error?.message;
    expect(message).toContain(`request to http://127.0.0.1:${port}/v1/traces failed: `);
    expect(message).not.toContain("s3cr3t");
  });

  it("is cut off before the answer, or in the middle of it: retryable", async () => {
    const own = await open((response, count) => {
      if (count > 1) response.writeHead(200, { "content-length": 10 }).write("abc");
      setImmediate(() => response.socket?.destroy());
    });
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable");
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable");
  });

  it("uses a new connection at once when a kept one turns out to be closed", async () => {
    const own = await open((response, count) => {
      if (count !== 2) return void response.end();
      response.socket?.destroy();
    });
    expect(verdict(await sendOnce(own, BATCH))).toBe("sent");
    expect(verdict(await sendOnce(own, BATCH))).toBe("sent");
    expect(backend?.requests.length).toBe(3);
  });

  it("stops when the attempt is over", async () => {
    const own = await open(() => undefined);
    const controller = new AbortController();
    const sending = sendOnce(own, BATCH, controller.signal);
    setTimeout(() => controller.abort(new PipelineError("no answer", { code: "deadline_exceeded", retryable: true })), 30);
    expect(verdict(await sending)).toBe("retryable deadline_exceeded");
  });
});

describe("otlp_http configuration", () => {
  const messages = (config: unknown): string[] =>
    otlpHttpExporterConfig.safeParse(config).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
  it.each([
    [{}, ["endpoint: at least one endpoint must be specified; write endpoint: http://host:4318"]],
    [{ endpoint: "localhost:4318" }, ['endpoint: "localhost:4318" is not an HTTP URL; write http://host:port or https://host:port']],
    [
      { endpoint: "http://a", compression: "gzip", compression_params: { level: 12 } },
      ["compression_params.level: level 12 is not one of gzip; use -1 to 9"],
    ],
    [{ endpoint: "http://a", tls: { key_file: "k" } }, ["tls.cert_file: for auth via TLS, provide both certificate and key, or neither"]],
    [{ endpoint: "http://a", headers: { "a b": "c" } }, ['headers.a b: "a b" is not a header name; use letters, digits and -']],
  ])("says what is wrong with %j", (config, expected) => {
    expect(messages(config)).toEqual(expected);
  });
});

describe("the bytes of a batch that was sent", () => {
  const large = (): Uint8Array => new Uint8Array(exportRequestOfSize(8 << 20));

  it("are not read any more, however large", async () => {
    const own = await open(undefined, { compression: "none" });
    const bytes = large();
    const batch = openBatch("logs", bytes, { owned: true });
    expect(verdict(await sendOnce(own, batch))).toBe("sent");
    batch.release();
    expect(bytes.buffer.byteLength).toBe(0);
  });

  it("are kept where the answer came before all of them had been written", async () => {
    const hasty = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      socket.pause();
    });
    await new Promise<void>((resolve) => hasty.listen(0, "127.0.0.1", resolve));
    const { port } = hasty.address() as AddressInfo;
    const own = await open(undefined, { compression: "none", endpoint: `http://127.0.0.1:${port}` });
    const bytes = large();
    const batch = openBatch("logs", bytes, { owned: true });
    expect(verdict(await sendOnce(own, batch))).toBe("sent");
    batch.release();
    expect(bytes.buffer.byteLength).toBe(8 << 20);
    hasty.close();
  });
});
