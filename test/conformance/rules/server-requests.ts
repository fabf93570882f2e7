import { deepEqual, equal, ok } from "node:assert/strict";
import { eventually } from "../../lib/eventually.ts";
import { openConnection } from "../../lib/otlp-client.ts";
import { HTTP, GRPC, TRANSPORTS, type Rule } from "../rule.ts";
import { CONTENT_TYPES, type Cell, type Encoding } from "../cell.ts";
import { emptyEnvelope, everyField } from "../samples.ts";

/** What a receiver must take, and how it says that it did. */
export const serverRequestRules: readonly Rule[] = [
  {
    section: "Protocol Details",
    rule: "servers MUST support no compression",
    side: "server",
    how: "a request with every field arrives at the back end as it was",
    transports: TRANSPORTS,
    check: async (cell) => arrives(cell, "protobuf", false),
  },
  {
    section: "Protocol Details",
    rule: "servers MUST support gzip",
    side: "server",
    how: "the same request, compressed",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) await arrives(cell.another(), encoding, true);
    },
  },
  {
    section: "OTLP/gRPC Concurrent Requests",
    rule: "several unary calls SHOULD be possible at the same time",
    side: "server",
    how: "16 requests on one connection, all at the back end before the first is answered",
    transports: ["grpc", "http/2"],
    check: (cell) => together(cell, true),
  },
  {
    section: "OTLP/HTTP Concurrent Requests",
    rule: "clients MAY use several parallel connections",
    side: "server",
    how: "16 connections with a request each, all at the back end before the first is answered",
    transports: HTTP,
    check: (cell) => together(cell, false),
  },
  {
    section: "Full Success",
    rule: "success MUST be Export<signal>ServiceResponse (HTTP: 200) with partial_success unset",
    side: "server",
    how: "the answer is decoded by protobufjs or JSON.parse and has no field",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) deepEqual((await cell.another().send(cell.sample(), { encoding })).response, {});
    },
  },
  {
    section: "Full Success",
    rule: "an empty request SHOULD be answered with success",
    side: "server",
    how: "no bytes, `{}`, and an envelope without items",
    transports: TRANSPORTS,
    check: async (cell) => {
      for (const encoding of cell.encodings) {
        for (const body of [{}, emptyEnvelope(cell.signal, cell.service)]) deepEqual((await cell.send(body, { encoding })).response, {});
      }
    },
  },
  {
    section: "OTLP/gRPC",
    rule: "the services and Export methods have the names of the .proto files",
    side: "server",
    how: "Export of each service is served, another method is UNIMPLEMENTED (12)",
    transports: GRPC,
    check: async (cell) => {
      ok((await cell.send(cell.sample())).success);
      equal((await cell.send(cell.sample(), { path: "/opentelemetry.proto.collector.trace.v1.TraceService/Import" })).code, 12);
    },
  },
  {
    section: "OTLP/HTTP Request",
    rule: "POST to /v1/traces, /v1/metrics, /v1/logs is the default",
    side: "server",
    how: "a POST reaches the back end; another method gets 405 and another path 404",
    transports: HTTP,
    check: async (cell) => {
      ok((await cell.send(cell.sample())).success);
      equal((await cell.send(cell.sample(), { method: "PUT" })).code, 405);
      equal((await cell.send(cell.sample(), { path: "/v2/traces" })).code, 404);
      equal(cell.attempts().length, 1);
    },
  },
  {
    section: "OTLP/HTTP Request",
    rule: "other URL paths MAY be configured",
    side: "server",
    how: "a receiver with *_url_path takes the request there and not at the default",
    transports: HTTP,
    check: async (cell) => {
      const path = `/in/${cell.signal[0]}`;
      ok((await cell.send(cell.sample(), { receiver: "paths", path })).success);
      equal((await cell.send(cell.sample(), { receiver: "paths" })).code, 404);
    },
  },
  {
    section: "OTLP/HTTP",
    rule: "requests MAY come over HTTP/1.1 or HTTP/2",
    side: "server",
    how: "both on one port, HTTP/2 with prior knowledge",
    transports: HTTP,
    check: async (cell) => ok((await cell.send(cell.sample())).success),
  },
  {
    section: "OTLP/HTTP Connection",
    rule: "protobuf and JSON SHOULD be taken on the same port, by Content-Type",
    side: "server",
    how: "both, one after the other on one connection",
    transports: HTTP,
    check: async (cell) => {
      for (const encoding of ["protobuf", "json", "protobuf"] as const) ok((await cell.send(cell.sample(), { encoding })).success);
      equal(cell.attempts().length, 3);
    },
  },
  {
    section: "OTLP/HTTP Connection",
    rule: "gRPC and HTTP MAY share a port",
    side: "server",
    how: "not offered: each protocol has a port of its own",
    transports: [],
  },
  {
    section: "OTLP/HTTP Connection",
    rule: "connections SHOULD be kept open between requests",
    side: "server",
    how: "two requests use one socket",
    transports: TRANSPORTS,
    check: keepsOpen,
  },
  {
    section: "OTLP/HTTP Response",
    rule: "the response MAY be gzipped when the request has Accept-Encoding: gzip, and only then",
    side: "server",
    how: "the answer is readable with the header; without it there is no Content-Encoding",
    transports: HTTP,
    check: async (cell) => {
      ok((await cell.send(cell.sample(), { headers: { "accept-encoding": "gzip" } })).success);
      equal((await cell.send(cell.sample())).raw.headers["content-encoding"], undefined);
    },
  },
  {
    section: "Binary Protobuf Encoding",
    rule: "Content-Type MUST be application/x-protobuf in the response as in the request",
    side: "server",
    how: "of a success and of an error",
    transports: HTTP,
    check: (cell) => sameType(cell, "protobuf"),
  },
  {
    section: "JSON Protobuf Encoding",
    rule: "Content-Type MUST be application/json in the response as in the request",
    side: "server",
    how: "of a success and of an error",
    transports: HTTP,
    check: (cell) => sameType(cell, "json"),
  },
  {
    section: "Empty Telemetry Envelopes",
    rule: "receivers MAY ignore empty envelopes",
    side: "server",
    how: "a resource and a scope without items get success and are not sent on",
    transports: TRANSPORTS,
    check: async (cell) => {
      ok((await cell.send(emptyEnvelope(cell.signal, cell.service))).success);
      equal(cell.attempts().length, 0);
    },
  },
  {
    section: "Future Versions",
    rule: "data of newer versions MUST be understood as far as it is known",
    side: "server",
    how: "a protobuf field with the number 9999 changes nothing and is handed on",
    transports: TRANSPORTS,
    check: async (cell) => {
      // Field 9999, length-delimited, four bytes; behind the known ones.
      const unknown = Buffer.from([0xfa, 0xf0, 0x04, 0x04, 0x6e, 0x65, 0x77, 0x21]);
      const known = cell.sample();
      ok((await cell.sendBytes(Buffer.concat([cell.encode(known), unknown]))).success);
      const [attempt] = cell.attempts();
      deepEqual(attempt?.data, cell.reference(known));
      ok(attempt?.bytes.includes(unknown), "the unknown field is gone");
    },
  },
  {
    section: "OTLP/gRPC, OTLP/HTTP Request",
    rule: "profiles have a service and the path /v1development/profiles",
    side: "server",
    how: "not offered: the signal is in development",
    transports: [],
  },
];

async function arrives(cell: Cell, encoding: Encoding, compress: boolean): Promise<void> {
  const data = everyField(cell.signal, cell.service);
  const { success } = await cell.send(data, { encoding, compress });
  ok(success);
  deepEqual(
    cell.attempts().map((attempt) => attempt.data),
    [cell.reference(data)],
  );
}

async function together(cell: Cell, oneConnection: boolean): Promise<void> {
  const count = 16;
  const { transport, subject } = cell;
  const gate = Promise.withResolvers<void>();
  cell.script(...Array.from({ length: count }, () => ({ after: gate.promise })));
  const connections = Array.from({ length: oneConnection ? 1 : count }, () => openConnection(transport, subject.url("main", transport)));
  try {
    const answers = Array.from({ length: count }, async (_, index) => {
      const connection = connections[index % connections.length];
      if (connection === undefined) throw new Error("no connection");
      return cell.read(await connection.ask(cell.rawRequest(cell.encode(cell.sample()), {})), "protobuf");
    });
    const all = Promise.all(answers);
    const arrived = eventually("requests at the back end", () => cell.attempts().length === count, 3000);
    // A request that fails ends the wait.
    await Promise.race([arrived, all]).finally(() => gate.resolve());
    ok((await all).every(({ success }) => success));
  } finally {
    gate.resolve();
    for (const connection of connections) connection.close();
  }
}

async function keepsOpen(cell: Cell): Promise<void> {
  const { transport, subject } = cell;
  const connection = openConnection(transport, subject.url("main", transport));
  try {
    for (let count = 0; count < 2; count += 1) {
      const raw = await connection.ask(cell.rawRequest(cell.encode(cell.sample()), {}));
      ok(cell.read(raw, "protobuf").success);
      ok(raw.headers["connection"] !== "close", "the answer closes the connection");
    }
  } finally {
    connection.close();
  }
}

async function sameType(cell: Cell, encoding: Encoding): Promise<void> {
  equal((await cell.send(cell.sample(), { encoding })).contentType, CONTENT_TYPES[encoding]);
  const bad = await cell.sendBytes(Buffer.from(encoding === "json" ? "[" : [0x0a, 0x7f]), { encoding });
  equal(bad.code, 400);
  equal(bad.contentType, CONTENT_TYPES[encoding]);
}
