import { equal, ok } from "node:assert/strict";
import { CLIENTS, type Rule } from "../rule.ts";
import type { Cell } from "../cell.ts";
import type { Attempt, Reply } from "../../lib/scripted-backend.ts";
import { eventually } from "../../lib/eventually.ts";
import { emptyEnvelope } from "../samples.ts";
import type { ReceiverName } from "../subject.ts";

/** What an exporter sends, and how much of it at a time. */
export const clientRequestRules: readonly Rule[] = [
  {
    section: "OTLP/HTTP Connection",
    rule: "the client SHOULD keep the connection open between requests",
    side: "client",
    how: "three requests one after the other need at most one new connection",
    transports: CLIENTS,
    alone: true,
    check: async (cell) => {
      const { backend } = cell.subject;
      const before = backend.connections;
      for (let count = 0; count < 3; count += 1) ok((await cell.feed(cell.sample())).success);
      ok(backend.connections - before <= 1, `${backend.connections - before} new connections`);
    },
  },
  {
    section: "OTLP/HTTP Request",
    rule: "a gzipped request MUST say Content-Encoding: gzip (gRPC: grpc-encoding)",
    side: "client",
    how: "header and body at the back end, with gzip and without",
    transports: CLIENTS,
    check: async (cell) => {
      const header = cell.isGrpc ? "grpc-encoding" : "content-encoding";
      ok((await cell.feed(cell.sample())).success);
      const [packed] = cell.attempts();
      equal(packed?.headers[header], "gzip");
      equal(packed.compressed, true);
      const plain = cell.another();
      ok((await plain.feed(plain.sample(), queuedReceiver(cell))).success);
      const [bare] = plain.attempts();
      ok([undefined, "identity"].includes(bare?.headers[header] as string | undefined));
      equal(bare?.compressed, false);
    },
  },
  {
    section: "OTLP/HTTP Request, Binary Protobuf Encoding",
    rule: "requests go by POST to the default path with Content-Type: application/x-protobuf (gRPC: application/grpc)",
    side: "client",
    how: "path and headers at the back end",
    transports: CLIENTS,
    check: async (cell) => {
      ok((await cell.feed(cell.sample())).success);
      const [attempt] = cell.attempts();
      equal(attempt?.headers["content-type"], cell.isGrpc ? "application/grpc" : "application/x-protobuf");
      ok(attempt?.path.endsWith(cell.isGrpc ? "/Export" : `/v1/${cell.signal}`), attempt?.path);
    },
  },
  {
    section: "OTLP/gRPC Concurrent Requests, OTLP/HTTP Concurrent Requests",
    rule: "several requests SHOULD be in flight, and their number SHOULD be configurable",
    side: "client",
    how: "six batches, num_consumers 3 (HTTP: max_conns_per_host 2): three (two) at the back end until it answers",
    transports: CLIENTS,
    check: inFlight,
  },
  {
    section: "OTLP/gRPC Concurrent Requests",
    rule: "data that was not delivered SHOULD be recorded",
    side: "client",
    how: "otelcol_exporter_send_failed_* goes up by the items of a permanent failure",
    transports: CLIENTS,
    check: async (cell) => {
      const before = await failedItems(cell);
      cell.script({ grpc: 3, http: 400 });
      await cell.feed(cell.sample(4));
      equal((await failedItems(cell)) - before, 4);
    },
  },
  {
    section: "Multi-Destination Exporting",
    rule: "queue, acknowledgement and retries SHOULD be kept for each destination",
    side: "client",
    how: "two exporters behind one receiver, one of them turned away three times: the other has the data at once",
    transports: CLIENTS,
    check: twoDestinations,
  },
  {
    section: "Empty Telemetry Envelopes",
    rule: "senders SHOULD NOT create empty envelopes",
    side: "client",
    how: "an envelope without items sends nothing",
    transports: CLIENTS,
    check: async (cell) => {
      ok((await cell.feed(emptyEnvelope(cell.signal, cell.service))).success);
      equal(cell.attempts().length, 0);
    },
  },
  {
    section: "Multi-Destination Exporting",
    rule: "queues SHOULD share the data that they hold",
    side: "client",
    how: "cannot be observed from outside: a fork hands the same batch to both",
    transports: [],
  },
  {
    section: "Duplicate Data",
    rule: "data whose acknowledgement was lost is sent again, and may arrive twice",
    side: "client",
    how: "nothing beyond the disconnect above can be observed",
    transports: [],
  },
  {
    section: "OTLP/HTTP",
    rule: "clients MAY use HTTP/2, and SHOULD then fall back to HTTP/1.1",
    side: "client",
    how: "not offered: the exporter speaks HTTP/1.1",
    transports: [],
  },
];

function queuedReceiver(cell: Cell): ReceiverName {
  return cell.isGrpc ? "queued_grpc" : "queued_http";
}

async function inFlight(cell: Cell): Promise<void> {
  const gate = Promise.withResolvers<void>();
  cell.script(...Array.from({ length: 6 }, () => ({ after: gate.promise })));
  const receiver = queuedReceiver(cell);
  const most = cell.isGrpc ? 3 : 2;
  const all = Promise.all(Array.from({ length: 6 }, () => cell.feed(cell.sample(), receiver)));
  try {
    await eventually("requests in flight", () => cell.attempts().length >= most, 3000);
    // What would come beyond the limit has time to come.
    await new Promise((resolve) => setTimeout(resolve, 100));
    equal(cell.attempts().length, most, `${cell.attempts().length} requests were in flight`);
  } finally {
    gate.resolve();
  }
  ok((await all).every(({ success }) => success));
  equal(cell.attempts().length, 6);
}

async function failedItems(cell: Cell): Promise<number> {
  const items = { traces: "spans", metrics: "metric_points", logs: "log_records" }[cell.signal];
  const exporter = cell.isGrpc ? "otlp_grpc/retry" : "otlp_http/retry";
  const lines = (await cell.subject.metrics()).split("\n").filter((line) => line.startsWith(`otelcol_exporter_send_failed_${items}`));
  return lines.filter((line) => line.includes(`exporter="${exporter}"`)).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function twoDestinations(cell: Cell): Promise<void> {
  const over = (transport: Attempt["transport"]): readonly Attempt[] =>
    cell.attempts().filter((attempt) => attempt.transport === transport);
  const [failing, healthy] = cell.isGrpc ? (["grpc", "http"] as const) : (["http", "grpc"] as const);
  // The replies are for both; to whoever comes over the healthy transport they say success.
  const away: Reply = cell.isGrpc ? { grpc: 14 } : { http: 503 };
  cell.script(away, away, away, away);
  ok((await cell.feed(cell.sample(), "fan")).success);
  await eventually("the healthy destination has the data", () => over(healthy).length === 1, 1000);
  ok(over(failing).length < 3, "the healthy destination had to wait for the failing one");
  await eventually("the failing destination has the data", () => cell.attempts().length === 5, 5000);
  equal(over(healthy).length, 1, "the healthy destination got the data twice");
}
