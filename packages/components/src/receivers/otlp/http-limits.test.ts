import { decodeStatus } from "@tidemark/otlp";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { httpSend } from "../../transport/testing/http-client.ts";
import { exportRequest, exportRequestOfSize } from "../../transport/testing/otlp-bytes.ts";
import { openReceiver, type ReceiverRig, type RigOptions } from "./testing/receiver-rig.ts";

const PROTO = { "content-type": "application/x-protobuf" };
const LOGS = { path: "/v1/logs", headers: PROTO };
const GZIP = { path: "/v1/logs", headers: { ...PROTO, "content-encoding": "gzip" } };

let rig: ReceiverRig;
const open = async (options: RigOptions): Promise<ReceiverRig> => (rig = await openReceiver(options));
afterEach(() => rig.receiver.shutdown(AbortSignal.abort()));

/** Sends raw bytes and gives back all that comes until the server closes, or for `ms`. */
function raw(port: number, text: string, ms = 3000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString());
    };
    const timer = setTimeout(done, ms);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", done);
    socket.on("close", done);
  });
}

describe("the size limit over HTTP", () => {
  it("takes a body of exactly the limit and refuses one byte more with 413", async () => {
    await open({ http: { max_request_body_size: 5000 } });
    expect((await httpSend(rig.http, { ...LOGS, body: exportRequestOfSize(5000) })).status).toBe(200);
    const reply = await httpSend(rig.http, { ...LOGS, body: exportRequestOfSize(5001) });
    expect(reply.status).toBe(413);
    expect(decodeStatus(reply.body)).toEqual({
      code: 8,
      message: "request body is larger than max_request_body_size (5000 bytes); send smaller batches",
    });
    expect(reply.headers["retry-after"]).toBeUndefined();
  });

  it("counts a body without Content-Length while it arrives", async () => {
    await open({ http: { max_request_body_size: 5000 } });
    const halves = (bytes: Buffer): Buffer[] => [bytes.subarray(0, 2500), bytes.subarray(2500)];
    expect((await httpSend(rig.http, { ...LOGS, body: halves(exportRequestOfSize(5000)) })).status).toBe(200);
    expect((await httpSend(rig.http, { ...LOGS, body: halves(exportRequestOfSize(5001)) })).status).toBe(413);
  });

  it("counts again after decompression", async () => {
    await open({ http: { max_request_body_size: 5000 } });
    expect((await httpSend(rig.http, { ...GZIP, body: gzipSync(exportRequestOfSize(5000)) })).status).toBe(200);
    expect((await httpSend(rig.http, { ...GZIP, body: gzipSync(exportRequestOfSize(5001)) })).status).toBe(413);
    expect(rig.deliveries.length).toBe(1);
  });

  it("stops a gzip bomb at the limit", async () => {
    await open({ http: { max_request_body_size: 1 << 20 } });
    const bomb = gzipSync(Buffer.alloc(128 << 20), { level: 9 });
    const before = process.memoryUsage().arrayBuffers;
    expect(bomb.length).toBeLessThan(1 << 20);
    expect((await httpSend(rig.http, { ...GZIP, body: bomb })).status).toBe(413);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  });

  it("goes on with the connection after 413, or says that it will not", async () => {
    await open({ http: { max_request_body_size: 5000 } });
    const request = (length: number, sent = length): string =>
      `POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${length}\r\n\r\n${"x".repeat(sent)}`;
    const statuses = (answers: string): string[] => answers.match(/(?<=HTTP\/1\.1 )\d+|(?<=\nconnection: )\S+/gi) ?? [];
    expect(statuses(await raw(rig.http, request(5001) + request(0), 300))).toEqual(["413", "keep-alive", "200", "keep-alive"]);
    expect(statuses(await raw(rig.http, request(100 << 20, 10)))).toEqual(["413", "close"]);
  });

  it("refuses before the body is sent when the client asks first", async () => {
    await open({ http: { max_request_body_size: 5000 } });
    const head = (length: number): string =>
      `POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
    expect(await raw(rig.http, head(5001), 200)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await raw(rig.http, head(5000), 200)).toMatch(/^HTTP\/1\.1 100 Continue/);
  });
});

describe("the byte budget over HTTP", () => {
  it("answers 429 with Retry-After while it is used up, and takes the same request afterwards", async () => {
    await open({ grpc: null, http: { max_request_body_size: 5000 }, receiver: { max_in_flight_bytes: 5000 } });
    rig.outcome = undefined;
    const body = exportRequestOfSize(3000);
    const first = httpSend(rig.http, { ...LOGS, body });
    await vi.waitFor(() => expect(rig.deliveries.length).toBe(1));
    const refused = await httpSend(rig.http, { ...LOGS, body });
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "1"]);
    expect(decodeStatus(refused.body)).toMatchObject({ code: 8, retryDelayMs: 1000 });
    rig.deliveries[0]?.settlement.settle({ kind: "delivered" });
    expect((await first).status).toBe(200);
    rig.outcome = { kind: "delivered" };
    expect((await httpSend(rig.http, { ...LOGS, body })).status).toBe(200);
  });

  it("gives back what a client that left had taken", async () => {
    await open({ grpc: null, http: { max_request_body_size: 5000 }, receiver: { max_in_flight_bytes: 5000 } });
    await raw(rig.http, "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 4000\r\n\r\nabc", 50);
    await vi.waitFor(async () => expect((await httpSend(rig.http, { ...LOGS, body: exportRequestOfSize(5000) })).status).toBe(200));
  });
});

describe("slow and broken clients over HTTP", () => {
  it("ends headers and bodies that do not come in time with 408", async () => {
    await open({ http: { read_header_timeout: "100ms", read_timeout: "200ms" } });
    expect(await raw(rig.http, "POST /v1/logs HTTP/1.1\r\nhost: x\r\n")).toMatch(/^HTTP\/1\.1 408 /);
    expect(
      await raw(rig.http, "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\nab"),
    ).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("refuses a flood of headers with 431 and nonsense with 400", async () => {
    await open({});
    const flood = Array.from({ length: 3000 }, (_, index) => `x-${index}: ${"y".repeat(20)}\r\n`).join("");
    expect(await raw(rig.http, `POST /v1/logs HTTP/1.1\r\nhost: x\r\n${flood}\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await raw(rig.http, "\u0000\u0001\u0002 what is this\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect((await httpSend(rig.http, { ...LOGS, body: exportRequest("logs", 1) })).status).toBe(200);
  });

  it("delivers what a client sent that did not wait for the answer", async () => {
    await open({});
    rig.outcome = undefined;
    const body = exportRequest("logs", 2);
    const head = `POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`;
    const socket = connect(rig.http, "127.0.0.1", () => socket.write(Buffer.concat([Buffer.from(head), body])));
    await vi.waitFor(() => expect(rig.deliveries.length).toBe(1));
    socket.resetAndDestroy();
    // The answer to another client shows that the server has seen the first one go.
    expect((await httpSend(rig.http, { ...LOGS, path: "/nowhere", body })).status).toBe(404);
    rig.deliveries[0]?.settlement.settle({ kind: "delivered" });
    expect(rig.deliveries[0]?.batch.itemCount).toBe(2);
  });
});
