import { deepEqual, equal, ok } from "node:assert/strict";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { grpcFrame, grpcService } from "../../lib/grpc.ts";
import { openConnection } from "../../lib/otlp-client.ts";
import { HTTP, GRPC, TRANSPORTS, type Rule } from "../rule.ts";
import type { Cell } from "../cell.ts";

/** The Collector's table (receiver/otlpreceiver/internal/errors): gRPC code behind, HTTP status in front. */
const HTTP_STATUS: readonly (readonly [grpc: number, http: number])[] = [
  [1, 503],
  [2, 500],
  [3, 400],
  [4, 503],
  [7, 403],
  [10, 503],
  [11, 503],
  [12, 404],
  [13, 500],
  [14, 503],
  [15, 503],
  [16, 401],
];

/** What users of the Collector rely on beyond the specification. */
export const collectorRules: readonly Rule[] = [
  {
    section: "Collector",
    rule: "zstd is taken (HTTP: deflate and zlib too)",
    side: "server",
    how: "protobuf and JSON, compressed so, are taken; what gzip and zstd bring is compared above",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        const body = cell.encode(cell.sample(), encoding);
        const zlib = deflateSync(body);
        const http: readonly (readonly [string, Buffer])[] = cell.isGrpc
          ? []
          : [
              ["deflate", zlib],
              ["zlib", zlib],
            ];
        for (const [coding, packed] of [["zstd", zstdCompressSync(body)] as const, ...http]) {
          const one = cell.another();
          ok((await one.sendPacked(coding, packed, encoding)).success, `${encoding} in ${coding}`);
        }
      }
    },
  },
  {
    section: "Collector",
    rule: "an unknown compression is refused and named (HTTP: 400, gRPC: UNIMPLEMENTED with grpc-accept-encoding)",
    side: "server",
    how: "compression lz77",
    transports: TRANSPORTS,
    check: async (cell) => {
      const answer = await cell.sendPacked("lz77", Buffer.from("x"));
      equal(answer.code, cell.isGrpc ? 12 : 400);
      ok(answer.status?.message?.includes("lz77"), answer.status?.message);
      if (cell.isGrpc) ok(answer.raw.headers["grpc-accept-encoding"]?.includes("gzip"));
    },
  },
  {
    section: "Collector",
    rule: "Content-Type may have parameters and any case",
    side: "server",
    how: `"Application/JSON; charset=utf-8" and "application/x-protobuf;v=1"`,
    transports: HTTP,
    check: async (cell) => {
      ok((await cell.send(cell.sample(), { encoding: "json", headers: { "content-type": "Application/JSON; charset=utf-8" } })).success);
      ok((await cell.send(cell.sample(), { headers: { "content-type": "application/x-protobuf;v=1" } })).success);
    },
  },
  {
    section: "Collector",
    rule: "405 names POST; no Content-Type is 415",
    side: "server",
    how: "GET, PUT, PATCH, DELETE; a POST without Content-Type",
    transports: HTTP,
    check: async (cell) => {
      for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
        const answer = await cell.sendBytes(Buffer.alloc(0), { method });
        equal(answer.code, 405);
        equal(answer.raw.headers["allow"], "POST");
      }
      const connection = openConnection(cell.transport, cell.subject.url("main", cell.transport));
      const raw = await connection.ask({ method: "POST", path: `/v1/${cell.signal}`, headers: {}, body: cell.encode(cell.sample()) });
      connection.close();
      equal(raw.status, 415);
    },
  },
  {
    section: "Collector",
    rule: "codes from behind become the HTTP statuses of the Collector's table",
    side: "server",
    how: "each gRPC code from the back end",
    transports: HTTP,
    check: async (cell) => {
      const got = await Promise.all(
        HTTP_STATUS.map(async ([grpc]) => {
          const one = cell.another();
          one.script({ grpc, message: "scripted" });
          return [grpc, (await one.send(one.sample())).code] as const;
        }),
      );
      deepEqual(got, HTTP_STATUS);
    },
  },
  {
    section: "Collector",
    rule: "Retry-After comes only with 429 and 503, and only when the time is known",
    side: "server",
    how: "UNAVAILABLE without RetryInfo and INTERNAL with it have none",
    transports: HTTP,
    check: async (cell) => {
      for (const reply of [{ grpc: 14 }, { grpc: 13, retryDelayMs: 1000 }]) {
        const one = cell.another();
        one.script(reply);
        equal((await one.send(one.sample())).retryAfterMs, undefined);
      }
    },
  },
  {
    section: "Collector",
    rule: "OTLP/JSON is read leniently: snake_case keys, enum names",
    side: "server",
    how: "resource_spans, SPAN_KIND_SERVER",
    transports: HTTP,
    check: async (cell) => {
      const text = JSON.stringify(cell.sample())
        .replace(/"(\w+)":/g, (_, key: string) => `"${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}":`)
        .replace('"kind":2', '"kind":"SPAN_KIND_SERVER"')
        .replace('"severity_number":9', '"severity_number":"SEVERITY_NUMBER_INFO"');
      ok((await cell.sendBytes(Buffer.from(text), { encoding: "json" })).success);
      deepEqual(cell.attempts()[0]?.data, cell.reference(cell.sample()));
    },
  },
  {
    section: "Collector",
    rule: "what is not compressed as it says is 400 (gRPC: INVALID_ARGUMENT) with the Collector's words",
    side: "server",
    how: `"gzip: invalid header", "invalid input: magic number mismatch"`,
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        for (const [coding, text] of [
          ["gzip", "gzip: invalid header"],
          ["zstd", "invalid input: magic number mismatch"],
        ] as const) {
          const answer = await cell.sendPacked(coding, Buffer.from('{"key": "value"}'), encoding);
          deepEqual([answer.code, answer.status?.message], [cell.isGrpc ? 3 : 400, text]);
        }
      }
    },
  },
  {
    section: "Collector",
    rule: "otelcol_receiver_accepted_* and _refused_* count the items by what the client heard",
    side: "server",
    how: "success, unavailable, refused for good, success: two requests accepted, two not",
    transports: TRANSPORTS,
    check: async (cell) => {
      const before = await receivedItems(cell);
      cell.script({}, { grpc: 14 }, { grpc: 13 }, {});
      for (let count = 0; count < 4; count += 1) await cell.send(cell.sample(3));
      const after = await receivedItems(cell);
      deepEqual({ accepted: after.accepted - before.accepted, others: after.others - before.others }, { accepted: 6, others: 6 });
    },
  },
  {
    section: "Collector",
    rule: "nothing is lost or doubled, whatever the pipeline says (receivertest's contract)",
    side: "server",
    how: "40 requests at a time with answers of all kinds; a client that sends again what may be sent again",
    transports: TRANSPORTS,
    check: async (cell) => {
      await Promise.all(Array.from({ length: 40 }, (_, index) => insist(cell.another(), index)));
    },
  },
  {
    section: "Collector",
    rule: "grpc.health.v1 answers SERVING, and NOT_FOUND for a service that it does not know",
    side: "server",
    how: "Check of the whole server, of the Export service, and of another",
    transports: GRPC,
    check: async (cell) => {
      // HealthCheckResponse { status: SERVING }
      for (const name of ["", grpcService(cell.signal)])
        deepEqual(await health(cell, name), { code: "0", body: Buffer.from([0x08, 0x01]) });
      equal((await health(cell, "nothing.v1.Nothing")).code, "5");
    },
  },
];

/** What the back end says to one request, and so what a stubborn client has seen when it stops. */
const STORIES = [
  { replies: [], success: true, tries: 1 },
  { replies: [{ grpc: 14 }, { grpc: 8, retryDelayMs: 10 }], success: true, tries: 3 },
  { replies: [{ grpc: 13 }], success: false, tries: 1 },
  { replies: [{ grpc: 10 }, { grpc: 3 }], success: false, tries: 2 },
] as const;

async function insist(cell: Cell, index: number): Promise<void> {
  const story = STORIES[index % STORIES.length];
  cell.script(...(story?.replies ?? []));
  let answer = await cell.send(cell.sample());
  while (answer.retryable) answer = await cell.send(cell.sample());
  deepEqual({ success: answer.success, tries: cell.attempts().length }, { success: story?.success, tries: story?.tries });
}

/** Items of the signal that the `otlp` receiver has counted for the transport so far. */
async function receivedItems({ subject, signal, isGrpc }: Cell): Promise<{ readonly accepted: number; readonly others: number }> {
  const items = { traces: "spans", metrics: "metric_points", logs: "log_records" }[signal];
  const labels = (line: string): boolean => line.includes('receiver="otlp"') && line.includes(`transport="${isGrpc ? "grpc" : "http"}"`);
  const lines = (await subject.metrics()).split("\n").filter(labels);
  const sum = (kind: string): number =>
    lines
      .filter((line) => line.startsWith(`otelcol_receiver_${kind}_${items}{`))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  return { accepted: sum("accepted"), others: sum("refused") + sum("failed") };
}

async function health(cell: Cell, service: string): Promise<{ readonly code: string | undefined; readonly body: Buffer }> {
  const name = Buffer.from(service);
  // HealthCheckRequest { service }
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const headers = { "content-type": "application/grpc", te: "trailers" };
  const connection = cell.subject.connection("main", "grpc");
  const raw = await connection.ask({ method: "POST", path: "/grpc.health.v1.Health/Check", headers, body: grpcFrame(message) });
  if (raw.error !== undefined) throw new Error(raw.error);
  return { code: raw.headers["grpc-status"], body: raw.body.subarray(5) };
}
