import { decodeStatus } from "@tidemark/otlp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { deflateSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { httpSend, type HttpReply, type HttpSend } from "../../transport/testing/http-client.ts";
import { http2Send } from "../../transport/testing/http2-client.ts";
import { exportRequest } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig } from "./testing/receiver-rig.ts";

const PROTO = { "content-type": "application/x-protobuf" };
const JSON_TYPE = { "content-type": "application/json" };
const SPANS = exportRequest("traces", 3);
const JSON_SPAN = Buffer.from(
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"n"}]}]}]}',
);

let rig: ReceiverRig;
beforeAll(async () => {
  rig = await openReceiver();
});
afterAll(() => rig.receiver.shutdown(AbortSignal.abort()));

const VERSIONS = [
  ["HTTP/1.1", httpSend],
  ["HTTP/2", http2Send],
] as const;

describe("one port for both versions", () => {
  it("knows HTTP/2 by its preface, in however many pieces it comes", async () => {
    const socket = connectSocket(rig.http, "127.0.0.1");
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (const piece of [preface.slice(0, 1), preface.slice(1, 20), preface.slice(20)]) {
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [first] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(first[3]).toBe(4); // a SETTINGS frame
  });

  it("sends long answers in gzip to clients that take it", async () => {
    const long = { path: `/${"x".repeat(2000)}`, headers: { ...JSON_TYPE, "accept-encoding": "br, gzip;q=0.5" } };
    for (const [, send] of VERSIONS) {
      const packed = await send(rig.http, long);
      expect([packed.status, packed.headers["content-encoding"]]).toEqual([404, "gzip"]);
      expect(JSON.parse(gunzipSync(packed.body).toString())).toMatchObject({ code: 5 });
      const plain = await send(rig.http, { ...long, headers: { ...JSON_TYPE, "accept-encoding": "gzip;q=0" } });
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(JSON.parse(plain.body.toString())).toMatchObject({ code: 5 });
    }
  });
});

/** The answer in one line: status, content type, and the body as text. */
function shown({ status, headers, body }: HttpReply): string {
  const type = headers["content-type"] ?? "none";
  const text =
    type === "application/x-protobuf" && status !== 200 ? `${decodeStatus(body).code} ${decodeStatus(body).message}` : body.toString();
  return `${status} ${type} ${text}`.trimEnd();
}

describe.each(VERSIONS)("well-formed requests over %s", (version, send) => {
  const rows: readonly [name: string, request: HttpSend, items: number, answer: string][] = [
    ["protobuf", { headers: PROTO, body: SPANS }, 3, "200 application/x-protobuf"],
    ["JSON", { headers: JSON_TYPE, body: JSON_SPAN }, 1, "200 application/json {}"],
    [
      "content type in capitals with a parameter",
      { headers: { "content-type": "Application/JSON; charset=utf-8" }, body: JSON_SPAN },
      1,
      "200 application/json {}",
    ],
    ["gzip", { headers: { ...PROTO, "content-encoding": "gzip" }, body: gzipSync(SPANS) }, 3, "200 application/x-protobuf"],
    ["zstd", { headers: { ...PROTO, "content-encoding": "zstd" }, body: zstdCompressSync(SPANS) }, 3, "200 application/x-protobuf"],
    ["deflate", { headers: { ...PROTO, "content-encoding": "deflate" }, body: deflateSync(SPANS) }, 3, "200 application/x-protobuf"],
    ["zlib", { headers: { ...PROTO, "content-encoding": "zlib" }, body: deflateSync(SPANS) }, 3, "200 application/x-protobuf"],
    ["gzip of JSON", { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: gzipSync(JSON_SPAN) }, 1, "200 application/json {}"],
    [
      "a body without a length, in pieces",
      { headers: PROTO, body: [SPANS.subarray(0, 7), SPANS.subarray(7, 50), SPANS.subarray(50)] },
      3,
      "200 application/x-protobuf",
    ],
    ["a query behind the path", { path: "/v1/traces?x=1", headers: PROTO, body: SPANS }, 3, "200 application/x-protobuf"],
    ["logs", { path: "/v1/logs", headers: PROTO, body: exportRequest("logs", 4) }, 4, "200 application/x-protobuf"],
    ["metrics", { path: "/v1/metrics", headers: PROTO, body: exportRequest("metrics", 5) }, 5, "200 application/x-protobuf"],
    ["an empty request, which does not enter the pipeline", { headers: PROTO }, 0, "200 application/x-protobuf"],
    ["an empty JSON request", { headers: JSON_TYPE, body: Buffer.from("{}") }, 0, "200 application/json {}"],
  ];
  it.each(rows)("%s", async (_name, request, items, answer) => {
    const before = rig.deliveries.length;
    expect(shown(await send(rig.http, request))).toBe(answer);
    expect(rig.deliveries.slice(before).map(({ batch, context }) => [batch.itemCount, context.transport])).toEqual(
      items === 0 ? [] : [[items, "http"]],
    );
  });

  it.runIf(version === "HTTP/1.1")("a target in absolute form", async () => {
    const request = { path: "http://example.com/v1/traces?x=1", headers: PROTO, body: SPANS };
    expect(shown(await send(rig.http, request))).toBe("200 application/x-protobuf");
  });

  it("keeps a gzip body beside the batch, so that it can leave as it came", async () => {
    const body = gzipSync(SPANS);
    await send(rig.http, { headers: { ...PROTO, "content-encoding": "gzip" }, body });
    const compressed = rig.deliveries.at(-1)?.batch.compressed;
    expect(compressed?.encoding).toBe("gzip");
    expect(Buffer.compare(compressed?.bytes ?? Buffer.alloc(0), body)).toBe(0);
  });
});

describe.each(VERSIONS)("malformed requests over %s", (_version, send) => {
  const gzip = { ...PROTO, "content-encoding": "gzip" };
  const rows: readonly [name: string, request: HttpSend, answer: string | RegExp][] = [
    ["GET", { method: "GET", headers: PROTO }, "405 application/x-protobuf 12 405 method not allowed, supported: [POST]"],
    [
      "PUT",
      { method: "PUT", headers: JSON_TYPE, body: JSON_SPAN },
      '405 application/json {"code":12,"message":"405 method not allowed, supported: [POST]"}',
    ],
    [
      "OPTIONS without CORS",
      { method: "OPTIONS", headers: { origin: "https://a.example" } },
      '405 application/json {"code":12,"message":"405 method not allowed, supported: [POST]"}',
    ],
    [
      "no content type",
      { body: SPANS },
      '415 application/json {"code":12,"message":"415 unsupported media type, supported: [application/json, application/x-protobuf]"}',
    ],
    [
      "another content type",
      { headers: { "content-type": "text/plain" }, body: SPANS },
      '415 application/json {"code":12,"message":"415 unsupported media type, supported: [application/json, application/x-protobuf]"}',
    ],
    [
      "a grpc content type",
      { headers: { "content-type": "application/grpc" }, body: SPANS },
      '415 application/json {"code":12,"message":"415 unsupported media type, supported: [application/json, application/x-protobuf]"}',
    ],
    [
      "an unknown path",
      { path: "/v1/spans", headers: PROTO, body: SPANS },
      "404 application/x-protobuf 5 nothing is served at /v1/spans; the paths are /v1/traces, /v1/metrics, /v1/logs",
    ],
    [
      "an unknown path, JSON",
      { path: "/", headers: JSON_TYPE, body: JSON_SPAN },
      '404 application/json {"code":5,"message":"nothing is served at /; the paths are /v1/traces, /v1/metrics, /v1/logs"}',
    ],
    ["an unknown path, GET", { path: "/", method: "GET" }, '404 application/json {"code":5,"message":"404 page not found"}'],
    [
      "an unknown content encoding",
      { headers: { ...PROTO, "content-encoding": "br" }, body: SPANS },
      "400 application/x-protobuf 3 unsupported Content-Encoding: br; supported: gzip, zstd, zlib, deflate",
    ],
    [
      "two content encodings",
      { headers: { ...PROTO, "content-encoding": "gzip, gzip" }, body: SPANS },
      "400 application/x-protobuf 3 unsupported Content-Encoding: gzip, gzip; supported: gzip, zstd, zlib, deflate",
    ],
    ["plain bytes said to be gzip", { headers: gzip, body: SPANS }, "400 application/x-protobuf 3 gzip: invalid header"],
    [
      "plain bytes said to be gzip, JSON",
      { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: JSON_SPAN },
      '400 application/json {"code":3,"message":"gzip: invalid header"}',
    ],
    ["no bytes said to be gzip", { headers: gzip }, "400 application/x-protobuf 3 gzip: invalid header"],
    [
      "plain bytes said to be zstd",
      { headers: { ...PROTO, "content-encoding": "zstd" }, body: SPANS },
      "400 application/x-protobuf 3 invalid input: magic number mismatch",
    ],
    [
      "gzip cut short",
      { headers: gzip, body: gzipSync(SPANS).subarray(0, 30) },
      "400 application/x-protobuf 3 gzip: unexpected end of file",
    ],
    [
      "gzip with a wrong checksum",
      { headers: gzip, body: flip(gzipSync(SPANS), -6) },
      "400 application/x-protobuf 3 gzip: incorrect data check",
    ],
    [
      "deflate of something else",
      { headers: { ...PROTO, "content-encoding": "deflate" }, body: SPANS },
      "400 application/x-protobuf 3 deflate: incorrect header check",
    ],
    [
      "protobuf cut short",
      { headers: PROTO, body: SPANS.subarray(0, SPANS.length - 1) },
      /^400 application\/x-protobuf 3 .*(?:byte|offset)/,
    ],
    ["protobuf with a wrong wire type", { headers: PROTO, body: Buffer.from([0x0f]) }, /^400 application\/x-protobuf 3 .+/],
    [
      "protobuf with a length over the end",
      { headers: PROTO, body: Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x07]) },
      /^400 application\/x-protobuf 3 .+/,
    ],
    [
      "JSON cut short",
      { headers: JSON_TYPE, body: JSON_SPAN.subarray(0, 40) },
      /^400 application\/json \{"code":3,"message":".+","details":\[\{"@type":"type.googleapis.com\/google.rpc.BadRequest","fieldViolations":\[\{"field":".*","description":".+"\}\]\}\]\}$/,
    ],
    [
      "JSON that is not an object",
      { headers: JSON_TYPE, body: Buffer.from("[1]") },
      /^400 application\/json \{"code":3,"message":".+","details":\[\{"@type":"type.googleapis.com\/google.rpc.BadRequest","fieldViolations":\[\{"field":".*","description":".+"\}\]\}\]\}$/,
    ],
    [
      "JSON with a wrong type",
      { headers: JSON_TYPE, body: Buffer.from('{"resourceSpans":7}') },
      /^400 application\/json \{"code":3,"message":".+","details":\[\{"@type":"type.googleapis.com\/google.rpc.BadRequest","fieldViolations":\[\{"field":".*","description":".+"\}\]\}\]\}$/,
    ],
  ];
  it.each(rows)("%s", async (_name, request, answer) => {
    const before = rig.deliveries.length;
    const text = shown(await send(rig.http, request));
    if (typeof answer === "string") expect(text).toBe(answer);
    else expect(text).toMatch(answer);
    expect(rig.deliveries.length).toBe(before);
    expect(rig.context.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("answers the next request on the same server after all of them", async () => {
    expect((await send(rig.http, { headers: PROTO, body: SPANS })).status).toBe(200);
  });
});

describe("a request that asks before it sends, behind another", () => {
  it("leaves the answers whole", async () => {
    const socket = connectSocket(rig.http, "127.0.0.1");
    const text = JSON_SPAN.toString("utf8");
    const head = `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${JSON_SPAN.length}\r\n`;
    socket.end(`${head}\r\n${text}${head}expect: 100-continue\r\nconnection: close\r\n\r\n${text}`);
    let answers = "";
    for await (const chunk of socket) answers += String(chunk);
    expect(answers.split("HTTP/1.1 ").map((answer) => [answer.slice(0, 6), answer.endsWith("{}")])).toEqual([
      ["", false],
      ["200 OK", true],
      ["200 OK", true],
    ]);
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length + at] = (copy.at(at) ?? 0) ^ 0xff;
  return copy;
}
