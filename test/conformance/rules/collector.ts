import { deepEqual, equal, ok } from "node:assert/strict";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { grpcFrame, openConnection } from "../../lib/otlp-client.ts";
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
    how: "the request arrives at the back end as it was",
    transports: TRANSPORTS,
    check: async (cell) => {
      const body = cell.encode(cell.sample());
      const codings = cell.isGrpc
        ? [["zstd", zstdCompressSync(body)] as const]
        : ([
            ["zstd", zstdCompressSync(body)],
            ["deflate", deflateSync(body)],
            ["zlib", deflateSync(body)],
          ] as const);
      for (const [coding, packed] of codings) ok((await cell.sendPacked(coding, packed)).success, coding);
      deepEqual(
        cell.attempts().map(({ data }) => data),
        codings.map(() => cell.reference(cell.sample())),
      );
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
    how: "GET, PUT, DELETE; a POST without Content-Type",
    transports: HTTP,
    check: async (cell) => {
      for (const method of ["GET", "PUT", "DELETE"]) {
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
    rule: "grpc.health.v1 answers SERVING, and NOT_FOUND for a service that it does not know",
    side: "server",
    how: "Check of the whole server, of the Export service, and of another",
    transports: GRPC,
    check: async (cell) => {
      const service = { traces: "trace.v1.TraceService", metrics: "metrics.v1.MetricsService", logs: "logs.v1.LogsService" }[cell.signal];
      // HealthCheckResponse { status: SERVING }
      for (const name of ["", `opentelemetry.proto.collector.${service}`])
        deepEqual(await health(cell, name), { code: "0", body: Buffer.from([0x08, 0x01]) });
      equal((await health(cell, "nothing.v1.Nothing")).code, "5");
    },
  },
];

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
