import { deepEqual, equal, ok } from "node:assert/strict";
import { eventually } from "../../lib/eventually.ts";
import { GRPC, HTTP, TRANSPORTS, type Rule } from "../rule.ts";
import { padding } from "../samples.ts";
import type { Reply } from "../../lib/scripted-backend.ts";
import { CONTENT_TYPES, type Cell, type Encoding, type Reading } from "../cell.ts";

const REJECTED = { traces: "rejectedSpans", metrics: "rejectedDataPoints", logs: "rejectedLogRecords" } as const;
const UNAVAILABLE = 14;
const BAD_REQUEST = /(^|\/)google\.rpc\.BadRequest$/;

/** How a receiver says that it did not take everything. */
export const serverFailureRules: readonly Rule[] = [
  {
    section: "Partial Success",
    rule: "MUST be a success with partial_success and the number of rejected items; error_message SHOULD be set",
    side: "server",
    how: "the back end rejects 1 of 3 items; the client reads 1 and why",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        const one = cell.another();
        one.script({ rejected: 1, message: "too old" });
        const { response } = await one.send(one.sample(3), { encoding });
        const partial = response?.["partialSuccess"] as Record<string, unknown> | undefined;
        equal(String(partial?.[REJECTED[cell.signal]]), "1");
        ok(String(partial?.["errorMessage"]).includes("too old"), `error_message is ${String(partial?.["errorMessage"])}`);
      }
    },
  },
  {
    section: "Failures",
    rule: "retryable errors SHOULD be UNAVAILABLE (HTTP: 429, 502, 503, 504)",
    side: "server",
    how: "the back end is unavailable",
    transports: TRANSPORTS,
    check: async (cell) => {
      cell.script({ grpc: UNAVAILABLE, message: "away" });
      const answer = await cell.send(cell.sample());
      equal(answer.code, cell.isGrpc ? UNAVAILABLE : 503);
      ok(answer.retryable);
    },
  },
  {
    section: "Failures, Bad Data",
    rule: "data that cannot be decoded MUST get 400 (gRPC: INVALID_ARGUMENT is recommended), not retryable",
    side: "server",
    how: "cut off, wrong wire type, not UTF-8, broken gzip",
    transports: TRANSPORTS,
    check: async (cell) => {
      const good = cell.encode(cell.sample());
      const bad = [good.subarray(0, good.length - 3), Buffer.from([0x08, 0x01]), Buffer.from([0x0a, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0xff])];
      for (const body of bad) await isBadData(cell, body, "protobuf");
      if (!cell.isGrpc)
        for (const text of ["[", '{"resourceSpans":"x","resourceLogs":"x","resourceMetrics":"x"}'])
          await isBadData(cell, Buffer.from(text), "json");
      equal((await cell.sendPacked("gzip", good)).code, cell.isGrpc ? 3 : 400);
    },
  },
  {
    section: "Bad Data",
    rule: "Status.details SHOULD (gRPC: MAY) contain a BadRequest that describes the bad data",
    side: "server",
    how: "the details of the answer to a request that is cut off; in JSON, what an Any is there",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        const good = cell.encode(cell.sample(), encoding);
        const { status } = await cell.sendBytes(good.subarray(0, good.length - 3), { encoding });
        const [detail] = status?.details ?? [];
        const type = encoding === "json" ? detail?.["@type"] : detail?.typeUrl;
        ok(BAD_REQUEST.test(type ?? ""), `${encoding}: the details are ${JSON.stringify(status?.details)}`);
        const violations = encoding === "json" ? detail?.fieldViolations?.[0]?.description : detail?.value;
        ok((violations ?? "") !== "", `${encoding}: the BadRequest says nothing`);
      }
    },
  },
  {
    section: "Failures",
    rule: "the body of every 4xx and 5xx MUST be a Status that describes the problem",
    side: "server",
    how: "400, 404, 405, 415, 429, 500, 503 in protobuf and JSON; each has a message",
    transports: HTTP,
    check: async (cell) => {
      for (const encoding of cell.encodings) await everyErrorHasStatus(cell, encoding);
    },
  },
  {
    section: "OTLP/HTTP Response",
    rule: "the Content-Type of an error MUST be that of the request",
    side: "server",
    how: "400, 404, 405, 429, 500 and 503; 415 has one of the two",
    transports: HTTP,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        for (const { answer, code } of await errors(cell, encoding)) {
          const allowed = code === 415 ? Object.values(CONTENT_TYPES) : [CONTENT_TYPES[encoding]];
          ok(allowed.includes(answer.contentType), `${code} has Content-Type ${answer.contentType}`);
        }
      }
    },
  },
  {
    section: "Failures",
    rule: "a failure that does not pass MUST NOT look retryable",
    side: "server",
    how: "the back end refuses for good with each permanent code",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const code of [2, 3, 5, 6, 7, 9, 12, 13, 16]) {
        const one = cell.another();
        one.script({ grpc: code, message: "no" });
        const answer = await one.send(one.sample());
        ok(!answer.success && !answer.retryable, `code ${code} of the back end became ${answer.code}`);
      }
    },
  },
  {
    section: "OTLP/gRPC Throttling, OTLP/HTTP Throttling",
    rule: "overload SHOULD be UNAVAILABLE, or RESOURCE_EXHAUSTED with RetryInfo (HTTP: 429 or 503)",
    side: "server",
    how: "a receiver whose byte budget is held by requests that the back end does not answer yet",
    transports: TRANSPORTS,
    alone: true,
    check: overload,
  },
  {
    section: "OTLP/gRPC Throttling, OTLP/HTTP Throttling",
    rule: "RetryInfo or Retry-After MAY tell when to come back",
    side: "server",
    how: "RetryInfo of 2 s from the back end reaches the client as RetryInfo or as Retry-After: 2",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const code of [UNAVAILABLE, 8]) {
        const one = cell.another();
        one.script({ grpc: code, retryDelayMs: 2000, message: "busy" });
        const answer = await one.send(one.sample());
        ok(answer.retryable);
        equal(answer.retryAfterMs, 2000);
      }
    },
  },
  {
    section: "Failures",
    rule: "grpc-status and a readable grpc-message come with every failure",
    side: "server",
    how: "a message with characters beyond ASCII comes back as it was",
    transports: GRPC,
    check: async (cell) => {
      cell.script({ grpc: 3, message: "naïve ✗ 100 %" });
      const { code, status } = await cell.send(cell.sample());
      deepEqual([code, status?.message?.includes("naïve ✗ 100 %")], [3, true]);
    },
  },
];

async function isBadData(cell: Cell, body: Buffer, encoding: Encoding): Promise<void> {
  const answer = await cell.sendBytes(body, { encoding });
  equal(answer.code, cell.isGrpc ? 3 : 400);
  ok(!answer.retryable);
  ok((answer.status?.message ?? "") !== "", "no message");
}

/** One answer of each kind of error. */
async function errors(cell: Cell, encoding: Encoding): Promise<{ readonly code: number; readonly answer: Reading }[]> {
  const behind = async (reply: Reply): Promise<Reading> => {
    const one = cell.another();
    one.script({ message: "said by the back end", ...reply });
    return one.send(one.sample(), { encoding });
  };
  const usual = { encoding };
  return [
    { code: 400, answer: await cell.sendBytes(Buffer.from("["), usual) },
    { code: 404, answer: await cell.send(cell.sample(), { ...usual, path: "/v1/nothing" }) },
    { code: 405, answer: await cell.send(cell.sample(), { ...usual, method: "PUT" }) },
    { code: 415, answer: await cell.send(cell.sample(), { ...usual, headers: { "content-type": "text/plain" } }) },
    { code: 429, answer: await behind({ grpc: 8, retryDelayMs: 1000 }) },
    { code: 500, answer: await behind({ grpc: 13 }) },
    { code: 503, answer: await behind({ grpc: UNAVAILABLE }) },
  ];
}

async function everyErrorHasStatus(cell: Cell, encoding: Encoding): Promise<void> {
  for (const { code, answer } of await errors(cell, encoding)) {
    equal(answer.code, code);
    ok((answer.status?.message ?? "") !== "", `the body of ${code} (${answer.contentType}) is no Status with a message`);
  }
}

async function overload(cell: Cell): Promise<void> {
  const gate = Promise.withResolvers<void>();
  cell.script({ after: gate.promise });
  const large = cell.sample(1, [padding(500_000)]);
  // Fed over HTTP/1.1 on a connection of its own; the budget is one for all protocols of the receiver.
  const holding = cell.feed(large, "tight");
  try {
    await eventually("the budget is held", () => cell.attempts().length === 1, 3000);
    const answer = await cell.send(large, { receiver: "tight" });
    ok(answer.retryable, `the answer is ${answer.code}`);
    ok((answer.retryAfterMs ?? 0) > 0, "the answer does not say when to come back");
  } finally {
    gate.resolve();
  }
  ok((await holding).success);
  ok((await cell.send(large, { receiver: "tight" })).success, "the same request is refused when the budget is free again");
}
