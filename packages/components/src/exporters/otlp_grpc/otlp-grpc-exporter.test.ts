import { PipelineError } from "@tidemark/core";
import { freePort, testContext, type TestContext } from "@tidemark/core/testing";
import { encodeExportResponse, encodeStatus, openBatch } from "@tidemark/otlp";
import { EventEmitter } from "node:events";
import type { ClientHttp2Stream, ServerHttp2Stream, Settings } from "node:http2";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { grpcBackend, grpcSuccess } from "../../transport/testing/fake-backend.ts";
import { exportRequest, exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { sendOnce, type SendResult } from "../../transport/testing/send-once.ts";
import { otlpGrpcExporterConfig } from "./config.ts";
import { GrpcCall } from "./grpc-call.ts";
import { OtlpGrpcExporter } from "./otlp-grpc-exporter.ts";
import { parseTarget } from "./target.ts";

const SPANS = exportRequest("traces", 3);
const BATCH = openBatch("traces", SPANS);

let backend: Awaited<ReturnType<typeof grpcBackend>> | undefined;
let exporter: OtlpGrpcExporter | undefined;
let context: TestContext;
afterEach(async () => {
  exporter?.shutdown();
  await backend?.close();
  backend = undefined;
});

async function open(
  answer?: (stream: ServerHttp2Stream, count: number) => void,
  config: Readonly<Record<string, unknown>> = {},
  settings?: Settings,
): Promise<OtlpGrpcExporter> {
  backend = await grpcBackend(answer, settings);
  context = testContext({ id: "otlp_grpc", kind: "exporter" });
  exporter = new OtlpGrpcExporter(
    otlpGrpcExporterConfig.parse({ endpoint: `127.0.0.1:${backend.port}`, tls: { insecure: true }, ...config }),
    context,
    () => Promise.resolve(["127.0.0.1"]),
  );
  await exporter.start();
  return exporter;
}

function verdict({ error }: SendResult): string {
  if (error === undefined) return "sent";
  return `${error.retryable ? "retryable" : "permanent"} ${error.code}${error.retryAfterMs === undefined ? "" : ` after ${error.retryAfterMs}`}`;
}

const trailersOnly = (headers: Record<string, string>) => (stream: ServerHttp2Stream) =>
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...headers }, { endStream: true });
const retryInfo = Buffer.from(encodeStatus({ code: 8, message: "", retryDelayMs: 2500 })).toString("base64");

describe("calls of otlp_grpc", () => {
  it("calls the service of each signal over one session", async () => {
    const own = await open(undefined, { headers: { "X-Tenant": "a" } });
    for (const signal of ["traces", "metrics", "logs"] as const)
      expect(verdict(await sendOnce(own, openBatch(signal, exportRequest(signal, 2))))).toBe("sent");
    expect(
      backend?.requests.map(({ path, headers }) => [
        path,
        headers["grpc-encoding"],
        headers["content-type"],
        headers.te,
        headers["x-tenant"],
      ]),
    ).toEqual(
      ["trace.v1.TraceService", "metrics.v1.MetricsService", "logs.v1.LogsService"].map((name) => [
        `/opentelemetry.proto.collector.${name}/Export`,
        "gzip",
        "application/grpc",
        "trailers",
        "a",
      ]),
    );
    expect(backend?.items()).toBe(6);
    expect(backend?.sessions.size).toBe(1);
  });

  it.each([
    ["none", undefined],
    ["", undefined],
    ["gzip", "gzip"],
    ["zstd", "zstd"],
    ["deflate", "deflate"],
    ["zlib", "deflate"],
  ])("compresses with %j as %s", async (compression, encoding) => {
    await sendOnce(await open(undefined, { compression }), BATCH);
    expect(backend?.requests[0]?.body).toEqual(SPANS);
    expect(backend?.requests[0]?.headers["grpc-encoding"]).toBe(encoding);
  });

  it.each([
    ["gzip", "gzip", gzipSync(SPANS, { level: 9 })],
    ["zstd", "zstd", zstdCompressSync(SPANS)],
    ["deflate", "zlib", deflateSync(SPANS, { level: 0 })],
    ["zlib", "deflate", deflateSync(SPANS, { level: 0 })],
  ])("with %s sends an untouched %s body as it came", async (compression, encoding, came) => {
    await sendOnce(await open(undefined, { compression }), openBatch("traces", SPANS, { compressed: { encoding, bytes: came } }));
    expect(backend?.requests[0]?.wire).toEqual(came);
    expect(backend?.requests[0]?.body).toEqual(SPANS);
  });

  it.each([16 << 10, 64 << 10, 4 << 20])("sends large messages to a server with a window of %d bytes", async (initialWindowSize) => {
    const own = await open(undefined, { compression: "none" }, { initialWindowSize });
    expect(verdict(await sendOnce(own, openBatch("logs", exportRequestOfSize(16 << 20))))).toBe("sent");
    expect(backend?.requests.map(({ wire }) => wire.length)).toEqual([16 << 20]);
  });

  it("sends 64 MiB, and never more", async () => {
    const own = await open(undefined, { compression: "none" });
    expect(verdict(await sendOnce(own, openBatch("logs", exportRequestOfSize(64 << 20))))).toBe("sent");
    expect(verdict(await sendOnce(own, openBatch("logs", exportRequestOfSize((64 << 20) + 1))))).toBe("permanent invalid_argument");
    expect(backend?.requests.map(({ wire }) => wire.length)).toEqual([64 << 20]);
  });

  it("sends several large messages at a time", async () => {
    const own = await open(undefined, { compression: "none" }, { initialWindowSize: 64 << 10 });
    const batch = openBatch("logs", exportRequestOfSize(20 << 20));
    expect((await Promise.all([1, 2, 3, 4].map(() => sendOnce(own, batch)))).map(verdict)).toEqual(["sent", "sent", "sent", "sent"]);
  });
});

describe("answers to otlp_grpc", () => {
  const rows: readonly [name: string, headers: Record<string, string>, expected: string][] = [
    ["CANCELLED", { "grpc-status": "1" }, "retryable unavailable"],
    ["UNKNOWN", { "grpc-status": "2" }, "permanent internal"],
    ["INVALID_ARGUMENT", { "grpc-status": "3" }, "permanent invalid_argument"],
    ["DEADLINE_EXCEEDED", { "grpc-status": "4" }, "retryable deadline_exceeded"],
    ["NOT_FOUND", { "grpc-status": "5" }, "permanent internal"],
    ["ALREADY_EXISTS", { "grpc-status": "6" }, "permanent internal"],
    ["PERMISSION_DENIED", { "grpc-status": "7" }, "permanent permission_denied"],
    ["RESOURCE_EXHAUSTED", { "grpc-status": "8" }, "permanent resource_exhausted"],
    [
      "RESOURCE_EXHAUSTED with RetryInfo",
      { "grpc-status": "8", "grpc-status-details-bin": retryInfo },
      "retryable resource_exhausted after 2500",
    ],
    ["FAILED_PRECONDITION", { "grpc-status": "9" }, "permanent internal"],
    ["ABORTED", { "grpc-status": "10" }, "retryable unavailable"],
    ["OUT_OF_RANGE", { "grpc-status": "11" }, "retryable unavailable"],
    ["UNIMPLEMENTED", { "grpc-status": "12" }, "permanent unimplemented"],
    ["INTERNAL", { "grpc-status": "13" }, "permanent internal"],
    ["UNAVAILABLE", { "grpc-status": "14" }, "retryable unavailable"],
    ["UNAVAILABLE with RetryInfo", { "grpc-status": "14", "grpc-status-details-bin": retryInfo }, "retryable unavailable after 2500"],
    ["UNAVAILABLE with unreadable details", { "grpc-status": "14", "grpc-status-details-bin": "####" }, "retryable unavailable"],
    ["DATA_LOSS", { "grpc-status": "15" }, "retryable unavailable"],
    ["UNAUTHENTICATED", { "grpc-status": "16" }, "permanent unauthenticated"],
    ["a code from the future", { "grpc-status": "99" }, "permanent internal"],
    ["a code that is no number", { "grpc-status": "x" }, "permanent internal"],
    ["HTTP 503 of a proxy", { ":status": "503" }, "retryable unavailable"],
    ["HTTP 404 of a proxy", { ":status": "404" }, "permanent unimplemented"],
    ["HTTP 401 of a proxy", { ":status": "401" }, "permanent unauthenticated"],
  ];
  it.each(rows)("%s", async (_name, headers, expected) => {
    expect(verdict(await sendOnce(await open(trailersOnly(headers)), BATCH))).toBe(expected);
  });

  it("reads the status from trailers behind a message too", async () => {
    const own = await open((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "14", "grpc-message": "gr%C3%B6%C3%9Fer" }));
      stream.end(Buffer.alloc(5));
    });
    const result = await sendOnce(own, BATCH);
    expect(verdict(result)).toBe("retryable unavailable");
    expect(result.error?.message).toBe(`rpc to http://127.0.0.1:${backend?.port} failed: code = UNAVAILABLE desc = größer`);
  });

  it("reports a partial success", async () => {
    const own = await open((stream) => grpcSuccess(stream, encodeExportResponse("traces", { rejected: 2, message: "too old" })));
    expect(await sendOnce(own, BATCH)).toEqual({ rejected: 2, message: "too old" });
    expect(context.lines.map(({ level }) => level)).toEqual(["warn"]);
  });
});

describe("broken connections of otlp_grpc", () => {
  it("finds nobody: retryable; connects when somebody is there", async () => {
    const port = await freePort();
    const own = await open(undefined, { endpoint: `127.0.0.1:${port}` });
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable");
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable");
    await new Promise<void>((resolve) => void backend?.server.close(() => resolve()));
    await new Promise<void>((resolve) => void backend?.server.listen(port, "127.0.0.1", resolve));
    expect(verdict(await sendOnce(own, BATCH))).toBe("sent");
  });

  it("loses the session in the middle of a call: retryable, and the next call has a new one", async () => {
    const own = await open((stream, count) => (count === 1 ? stream.session?.destroy() : grpcSuccess(stream)));
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable");
    expect(verdict(await sendOnce(own, BATCH))).toBe("sent");
  });

  it("has its stream reset: retryable", async () => {
    const own = await open((stream) => stream.close(7));
    expect(verdict(await sendOnce(own, BATCH))).toBe("retryable unavailable");
  });

  it("finishes open calls after GOAWAY and makes the next over a new session", async () => {
    let sessions = 0;
    const held: ServerHttp2Stream[] = [];
    const own = await open((stream, count) => (count === 1 ? void held.push(stream) : grpcSuccess(stream)));
    backend?.server.on("session", () => (sessions += 1));
    const first = sendOnce(own, BATCH);
    await vi.waitFor(() => expect(held.length).toBe(1));
    held[0]?.session?.close();
    await vi.waitFor(async () => expect(verdict(await sendOnce(own, BATCH))).toBe("sent"));
    held.forEach((stream) => grpcSuccess(stream));
    expect(verdict(await first)).toBe("sent");
    expect(sessions).toBe(2);
  });

  it("tells first why there is no connection", async () => {
    const port = await freePort();
    const own = await open(undefined, { endpoint: `127.0.0.1:${port}` });
    expect((await sendOnce(own, BATCH)).error?.message).toBe(
      `rpc to http://127.0.0.1:${port} failed: code = UNAVAILABLE desc = connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  it.each([
    ["every address that was tried", { cause: new AggregateError([new Error("first"), new Error("second")]) }, "first; second"],
    ["the stream's own error without a cause", {}, "stream cancelled"],
  ])("names %s, once", (_, options, said) => {
    const stream = new EventEmitter();
    const failures: unknown[] = [];
    const call = new GrpcCall(stream as unknown as ClientHttp2Stream, "http://a:1", (error) => failures.push(error?.message));
    stream.emit("error", new Error("stream cancelled", options));
    stream.emit("close");
    call.cancelled();
    expect(failures).toEqual([`rpc to http://a:1 failed: code = UNAVAILABLE desc = ${said}`]);
  });

  it("stops when the attempt is over", async () => {
    const own = await open(() => undefined);
    const controller = new AbortController();
    const sending = sendOnce(own, BATCH, controller.signal);
    setTimeout(() => controller.abort(new PipelineError("no answer", { code: "deadline_exceeded", retryable: true })), 30);
    expect(verdict(await sending)).toBe("retryable deadline_exceeded");
  });

  it("finds a dead connection by pings", async () => {
    const sockets: Socket[] = [];
    const relay = createServer((near) => {
      const far = connect(backend?.port ?? 0, "127.0.0.1");
      for (const socket of [near, far]) socket.on("error", () => undefined);
      near.pipe(far).pipe(near);
      sockets.push(near, far);
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    const own = await open(() => undefined, {
      endpoint: `127.0.0.1:${(relay.address() as AddressInfo).port}`,
      keepalive: { time: "10s", timeout: "5s" },
    });
    const sending = sendOnce(own, BATCH);
    await vi.waitFor(() => expect(backend?.requests.length).toBe(1));
    for (const socket of sockets) socket.unpipe().pause();
    await context.clock.advance(10_000);
    await context.clock.advance(5_000);
    expect(verdict(await sending)).toBe("retryable unavailable");
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
});

describe("otlp_grpc endpoints", () => {
  it.each([
    ["localhost:4317", { host: "localhost", port: 4317, secure: undefined, resolves: false }],
    ["http://a.example:80", { host: "a.example", port: 80, secure: false, resolves: false }],
    ["https://a.example", { host: "a.example", port: 443, secure: true, resolves: false }],
    ["dns:///a.example:4317", { host: "a.example", port: 4317, secure: undefined, resolves: true }],
    ["dns://8.8.8.8/a.example:4317", { host: "a.example", port: 4317, secure: undefined, resolves: true }],
    ["dns:a.example:4317", { host: "a.example", port: 4317, secure: undefined, resolves: true }],
    ["passthrough:///a.example:4317", { host: "a.example", port: 4317, secure: undefined, resolves: false }],
    ["[::1]:4317", { host: "::1", port: 4317, secure: undefined, resolves: false }],
    ["a.example", { host: "a.example", port: 4317, secure: undefined, resolves: false }],
    ["", undefined],
    ["a b:1", undefined],
    ["a:0", undefined],
    ["a:70000", undefined],
    ["ftp://a:1", undefined],
    ["http://a:1/path", undefined],
  ])("reads %s", (text, expected) => {
    expect(parseTarget(text)).toEqual(expected);
  });
});

describe("the bytes of a batch that was sent", () => {
  const sent = async (own: OtlpGrpcExporter): Promise<number> => {
    const bytes = new Uint8Array(exportRequestOfSize(8 << 20));
    const batch = openBatch("logs", bytes, { owned: true });
    expect(verdict(await sendOnce(own, batch))).toBe("sent");
    batch.release();
    return bytes.buffer.byteLength;
  };

  it("are not read any more", async () => {
    expect(await sent(await open(undefined, { compression: "none" }))).toBe(0);
  });

  it("are kept where the answer came before all of them had been written", async () => {
    const own = await open(undefined, { compression: "none" });
    backend?.server.removeAllListeners("stream");
    backend?.server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      grpcSuccess(stream);
    });
    expect(await sent(own)).toBe(8 << 20);
  });
});
