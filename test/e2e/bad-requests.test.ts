import { gzipSync } from "node:zlib";
import { decodeStatus } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCollector, type Collector } from "../lib/collector.ts";
import { rawGrpc, rawHttp } from "../lib/exchange.ts";
import { grpcHead, grpcPath } from "../lib/grpc.ts";

const TRACES = grpcPath("traces");
const good = Buffer.from(traces({ spans: [{ name: "fine" }] }).encode());

let collector: Collector;

beforeAll(async () => {
  collector = await startCollector(`
exporters: { debug: { verbosity: basic } }
service: { pipelines: { traces: { receivers: [otlp], exporters: [debug] }, metrics: { receivers: [otlp], exporters: [debug] } } }
`);
}, 30_000);

afterAll(async () => {
  expect(await collector.stop()).toBe(0);
});

interface HttpCase {
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** `[]` in a protobuf row stands for bytes: field 1, length-delimited, and so on. */
const bytes = (...values: number[]): Buffer => Buffer.from(values);
const deep = (levels: number): string => `${'{"arrayValue":{"values":['.repeat(levels)}{}${"]}}".repeat(levels)}`;
const bodyWith = (value: string): string => `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":${value}}]}}]}`;

const HTTP: Readonly<Record<string, HttpCase>> = {
  GET: { method: "GET", body: "" },
  PUT: { method: "PUT", body: good },
  "no content type": { type: "", body: good },
  "a content type that OTLP does not know": { type: "text/plain", body: good },
  "a path that is not served": { path: "/v1/nothing", body: good },
  "a signal without a pipeline": { path: "/v1/logs", body: Buffer.from([0x0a, 0x04, 0x12, 0x02, 0x12, 0x00]) },
  "a body cut off in a span": { body: good.subarray(0, good.length - 3) },
  "one byte": { body: bytes(0x0a) },
  "a length beyond the body": { body: bytes(0x0a, 0x7f) },
  "a length of 2^63": { body: bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) },
  "a varint of eleven bytes": { body: bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01) },
  "field number zero": { body: bytes(0x02, 0x00) },
  "a group": { body: bytes(0x0b, 0x0c) },
  "wire type 7": { body: bytes(0x0f) },
  "a varint where a message belongs": { body: bytes(0x08, 0x01) },
  "text that is not UTF-8": { body: bytes(0x0a, 0x09, 0x12, 0x07, 0x12, 0x05, 0x2a, 0x03, 0xff, 0xfe, 0xfd) },
  "a trace id of three bytes": { body: bytes(0x0a, 0x09, 0x12, 0x07, 0x12, 0x05, 0x0a, 0x03, 1, 2, 3) },
  "attributes nested beyond the limit": { type: "application/json", body: bodyWith(deep(100)) },
  "JSON nested ten thousand levels": { type: "application/json", body: bodyWith(deep(10_000)) },
  "JSON that ends early": { type: "application/json", body: '{"resourceSpans":[' },
  "JSON that is an array": { type: "application/json", body: "[]" },
  "a JSON string where a list belongs": { type: "application/json", body: '{"resourceSpans":"x"}' },
  "a JSON id that is not hexadecimal": {
    type: "application/json",
    body: '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}',
  },
  "a JSON time that is not a number": {
    type: "application/json",
    body: '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"soon"}]}]}]}',
  },
  "JSON with bytes that are not UTF-8": {
    type: "application/json",
    body: Buffer.from('{"resourceSpans":[{"schemaUrl":"\xff"}]}', "latin1"),
  },
  "protobuf called JSON": { type: "application/json", body: good },
  "gzip that is none": { headers: { "content-encoding": "gzip" }, body: good },
  "gzip cut off": { headers: { "content-encoding": "gzip" }, body: gzipSync(good).subarray(0, 20) },
  "an unknown content encoding": { headers: { "content-encoding": "br" }, body: good },
  "a length over the limit": { headers: { "content-length": "99999999999" }, body: "" },
  "a gzip bomb": { headers: { "content-encoding": "gzip" }, body: gzipSync(Buffer.alloc(80 << 20)) },
};

const RAW: Readonly<Record<string, string>> = {
  "not HTTP at all": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "two content lengths": "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
  "a header without end": `POST /v1/traces HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(100_000)}\r\n\r\n`,
  "a chunk size that is no number":
    "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
};

const frame = (body: Buffer, isCompressed = false, length = body.length): Buffer => Buffer.concat([grpcHead(length, isCompressed), body]);

const GRPC: Readonly<Record<string, readonly [headers: Readonly<Record<string, string>>, body: readonly Buffer[]]>> = {
  "an unknown method": [{ ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Import" }, [frame(good)]],
  "an unknown service": [{ ":path": "/grpc.health.v2.Health/Check" }, [frame(Buffer.alloc(0))]],
  "a content type that is not gRPC": [{ ":path": TRACES, "content-type": "application/json" }, [frame(good)]],
  "no message": [{ ":path": TRACES }, []],
  "half a frame head": [{ ":path": TRACES }, [bytes(0, 0, 0)]],
  "a frame that ends early": [{ ":path": TRACES }, [frame(good, false, good.length + 10)]],
  "two messages": [{ ":path": TRACES }, [frame(good), frame(good)]],
  "a compressed frame without an encoding": [{ ":path": TRACES }, [frame(gzipSync(good), true)]],
  "an unknown encoding": [{ ":path": TRACES, "grpc-encoding": "lz77" }, [frame(good, true)]],
  "gzip that is none": [{ ":path": TRACES, "grpc-encoding": "gzip" }, [frame(good, true)]],
  "a length over the limit": [{ ":path": TRACES }, [frame(Buffer.alloc(10), false, 0xffffffff)]],
  "a damaged message": [{ ":path": TRACES }, [frame(good.subarray(0, 20))]],
};

it("answers 47 bad requests clearly, and goes on", async () => {
  const report: string[] = [];
  for (const [name, row] of Object.entries(HTTP)) report.push(`HTTP ${name}\n${await askHttp(row)}`);
  for (const [name, text] of Object.entries(RAW))
    report.push(`socket ${name}\n${summary(await rawHttp(collector.http, Buffer.from(text, "latin1")))}`);
  for (const [name, [headers, body]] of Object.entries(GRPC)) report.push(`gRPC ${name}\n${await askGrpc(headers, body)}`);
  expect(report).toHaveLength(47);
  await expect(`${report.join("\n\n")}\n`).toMatchFileSnapshot("testdata/bad-requests.txt");

  expect(collector.child.process.exitCode).toBe(null);
  expect(await askHttp({ body: good })).toBe("  200 application/x-protobuf");
  expect(await askGrpc({ ":path": TRACES }, [frame(good)])).toBe("  200 grpc-status 0");
  expect(collector.child.lines.filter((line) => /defect|uncaught|unhandled/i.test(line))).toEqual([]);
}, 60_000);

async function askHttp({
  path = "/v1/traces",
  method = "POST",
  type = "application/x-protobuf",
  headers = {},
  body = "",
}: HttpCase): Promise<string> {
  const content = Buffer.from(body);
  const lines = [`${method} ${path} HTTP/1.1`, "host: x", "connection: close"];
  if (type !== "") lines.push(`content-type: ${type}`);
  if (headers["content-length"] === undefined) lines.push(`content-length: ${content.length}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  // The server closes behind its answer: only one that never comes takes this long.
  return summary(await rawHttp(collector.http, Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), content]), 10_000));
}

/** Status, content type, Retry-After and the message of an HTTP/1.1 answer. */
function summary(answer: string): string {
  if (answer === "") return "  (connection closed)";
  const [head = "", body = ""] = answer.split(/\r\n\r\n(.*)/s);
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? "?";
  const header = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim();
  const type = header("content-type");
  const text =
    type === "application/x-protobuf" ? protobufStatus(Buffer.from(body, "latin1")) : Buffer.from(body, "latin1").toString("utf8");
  return [
    `  ${[status, type, header("retry-after") && `retry-after ${header("retry-after")}`].filter(Boolean).join(" ")}`,
    ...(text === "" ? [] : [`  ${text}`]),
  ].join("\n");
}

function protobufStatus(body: Buffer): string {
  if (body.length === 0) return "";
  const { code, message } = decodeStatus(body);
  return `code ${code}: ${message}`;
}

async function askGrpc(headers: Readonly<Record<string, string>>, body: readonly Buffer[]): Promise<string> {
  const answer = await rawGrpc(collector.grpc, headers, body);
  const status = answer.headers["grpc-status"];
  const message = answer.headers["grpc-message"];
  const head = [answer.headers[":status"], status === undefined ? answer.headers["content-type"] : `grpc-status ${String(status)}`]
    .filter((part) => part !== undefined)
    .join(" ");
  return [
    `  ${head === "" ? (answer.error ?? "no answer") : head}`,
    ...(message === undefined ? [] : [`  ${decodeURIComponent(String(message))}`]),
  ].join("\n");
}
