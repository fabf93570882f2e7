import { equal, ok } from "node:assert/strict";
import { CLIENTS, HTTP, TRANSPORTS, type Rule } from "../rule.ts";
import { CONTENT_TYPES, type Cell, type Encoding, type Reading } from "../cell.ts";
import { padding } from "../samples.ts";

const MIB = 1 << 20;
const GRPC_EXHAUSTED = 8;

/** Size limits of requests and responses: new in 1.11. */
export const limitRules: readonly Rule[] = [
  {
    section: "OTLP/gRPC Request, OTLP/HTTP Request",
    rule: "the server MUST enforce a limit on the size of a request",
    side: "server",
    how: "exactly the limit is taken; one byte more gets RESOURCE_EXHAUSTED or 413",
    transports: TRANSPORTS,
    check: async (cell) => {
      const limit = smallLimit(cell);
      for (const encoding of cell.encodings) {
        const options = { receiver: "small", encoding } as const;
        ok((await cell.sendAlone(ofSize(cell, limit, encoding), options)).success, "a request of exactly the limit is refused");
        isTooLarge(cell, await cell.sendAlone(ofSize(cell, limit + 1, encoding), options));
      }
    },
  },
  {
    section: "OTLP/gRPC Request, OTLP/HTTP Request",
    rule: "the limit MUST also hold after decompression",
    side: "server",
    how: "the same two requests in gzip",
    transports: TRANSPORTS,
    check: async (cell) => {
      const limit = smallLimit(cell);
      ok((await cell.sendAlone(ofSize(cell, limit), { receiver: "small", compress: true })).success);
      isTooLarge(cell, await cell.sendAlone(ofSize(cell, limit + 1), { receiver: "small", compress: true }));
    },
  },
  {
    section: "OTLP/gRPC Request, OTLP/HTTP Request",
    rule: "64 MiB are RECOMMENDED as the default limit, and it SHOULD be configurable",
    side: "server",
    how: "63 MiB in gzip are taken by a receiver without options, 65 MiB are not; the rules above use an option",
    transports: TRANSPORTS,
    signals: ["logs"],
    check: async (cell) => {
      ok((await cell.sendAlone(cell.encode(cell.sample(1, [padding(63 * MIB)])), { compress: true })).success, "63 MiB are refused");
      isTooLarge(cell, await cell.sendAlone(cell.encode(cell.sample(1, [padding(65 * MIB)])), { compress: true }));
    },
  },
  {
    section: "OTLP/HTTP Request",
    rule: "after 413 the connection goes on, or the answer says that it will not",
    side: "server",
    how: "three good requests right behind on the same connection, unless the answer had Connection: close",
    transports: HTTP,
    check: async (cell) => {
      ok(!(await cell.sendBytes(ofSize(cell, smallLimit(cell) + 1), { receiver: "small" })).success);
      for (let count = 0; count < 3; count += 1) ok((await cell.send(cell.sample(), { receiver: "small" })).success);
    },
  },
  {
    section: "OTLP/HTTP Request",
    rule: "413 has a Status as its body, in the encoding of the request",
    side: "server",
    how: "protobuf and JSON over the limit",
    transports: HTTP,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        const answer = await cell.sendAlone(Buffer.alloc(70_000, 0x20), { receiver: "small", encoding });
        equal(answer.code, 413);
        equal(answer.contentType, CONTENT_TYPES[encoding]);
        ok((answer.status?.message ?? "") !== "", "the Status has no message");
      }
    },
  },
  {
    section: "OTLP/gRPC Response, OTLP/HTTP Response",
    rule: "responses MUST stay within 4 MiB; the server SHOULD shorten error_message",
    side: "server",
    how: "the back end warns with 3 MiB of text; the answer is readable and under 4 MiB",
    transports: TRANSPORTS,
    check: async (cell) => {
      cell.script({ rejected: 1, message: "é".repeat(1.5 * MIB) });
      const answer = await cell.send(cell.sample(2));
      ok(answer.success);
      ok(answer.raw.body.length < 4 * MIB, `${answer.raw.body.length} bytes`);
      ok(JSON.stringify(answer.response).includes("éé"), "the message is gone");
    },
  },
  {
    section: "OTLP/gRPC Request, OTLP/HTTP Request",
    rule: "the client MUST NOT send a request over its limit (64 MiB by default)",
    side: "client",
    how: "a receiver with a higher limit takes 65 MiB; the exporter refuses them for good and sends nothing",
    transports: CLIENTS,
    signals: ["logs"],
    check: async (cell) => {
      const feeder = cell.isGrpc ? "huge" : "huge_to_http";
      const answer = await cell.feed(cell.sample(1, [padding(65 * MIB)]), feeder);
      ok(!answer.success && !answer.retryable, `HTTP ${answer.code}`);
      equal(cell.attempts().length, 0, "the request was sent");
    },
  },
  {
    section: "OTLP/gRPC Request, OTLP/HTTP Request",
    rule: "the client MUST NOT retry what was too large for the server",
    side: "client",
    how: "RESOURCE_EXHAUSTED without RetryInfo or 413 is answered once; one attempt",
    transports: CLIENTS,
    check: async (cell) => {
      cell.script({ grpc: GRPC_EXHAUSTED, http: 413, message: "too large" });
      const answer = await cell.feed(cell.sample());
      ok(!answer.success && !answer.retryable, `HTTP ${answer.code}`);
      equal(cell.attempts().length, 1);
    },
  },
  {
    section: "OTLP/gRPC Response, OTLP/HTTP Response",
    rule: "the client MUST limit responses to 4 MiB, and takes a longer one as a failure",
    side: "client",
    how: "the first answer is a success of 5 MiB; the data is sent again, the second answer counts",
    transports: CLIENTS,
    signals: ["logs"],
    check: async (cell) => {
      cell.script({ padding: 5 * MIB });
      const answer = await cell.feed(cell.sample());
      ok(cell.attempts().length > 1 || !answer.success, "a response of 5 MiB was taken as a success");
    },
  },
];

function smallLimit(cell: Cell): number {
  return cell.isGrpc ? MIB : 65_536;
}

/** A request of exactly so many bytes. */
function ofSize(cell: Cell, bytes: number, encoding: Encoding = "protobuf"): Buffer {
  let more = bytes - cell.encode(cell.sample(1, [padding(0)]), encoding).length;
  for (let round = 0; round < 4; round += 1) {
    const request = cell.encode(cell.sample(1, [padding(more)]), encoding);
    if (request.length === bytes) return request;
    more -= request.length - bytes;
  }
  throw new Error(`no request of ${bytes} bytes could be made`);
}

function isTooLarge(cell: Cell, answer: Reading): void {
  equal(answer.code, cell.isGrpc ? GRPC_EXHAUSTED : 413);
  equal(answer.retryAfterMs, undefined, "the answer tells when to send it again");
}
