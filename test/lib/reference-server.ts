import { createServer } from "node:http";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { grpcPath } from "./grpc.ts";
import { DATA_TYPES, protoRoot } from "./proto-types.ts";
import { listen, readAll, unpack } from "./server-io.ts";

/** A span as an independent codec (protobufjs) read it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An OTLP back end that shares no code with Tidemark: gRPC by grpc-js, bytes by protobufjs. */
export interface ReferenceServer {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly spans: ReceivedSpan[];
  close(): Promise<void>;
}

interface KeyValue {
  readonly key: string;
  readonly value?: { readonly stringValue?: string; readonly intValue?: string; readonly boolValue?: boolean };
}

interface DecodedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState?: string;
  readonly attributes?: readonly KeyValue[];
}

interface Decoded {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly DecodedSpan[] }[];
  }[];
}

/** Starts the server on free ports of loopback. */
export async function startReferenceServer(): Promise<ReferenceServer> {
  const request = protoRoot().lookupType(DATA_TYPES.traces);
  const spans: ReceivedSpan[] = [];
  const take = (body: Uint8Array): void => {
    const decoded = request.toObject(request.decode(body), { bytes: String, longs: String }) as Decoded;
    spans.push(...flatten(decoded));
  };
  const grpc = new Server({ "grpc.max_receive_message_length": -1 });
  grpc.addService(
    {
      export: {
        path: grpcPath("traces"),
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (value: Buffer) => value,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (value: Buffer) => value,
      },
    },
    {
      export(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        take(call.request);
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => (error === null ? resolve(port) : reject(error)));
  });
  const http = createServer((incoming, response) => {
    void readAll(incoming).then((body) => {
      take(unpack(incoming.headers["content-encoding"], body));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  const httpPort = await listen(http);
  return {
    grpcPort,
    httpPort,
    spans,
    async close() {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** A webhook that keeps the JSON bodies it was sent. */
export interface WebhookServer {
  readonly url: string;
  readonly bodies: unknown[];
  close(): Promise<void>;
}

export async function startWebhookServer(): Promise<WebhookServer> {
  const bodies: unknown[] = [];
  const server = createServer((incoming, response) => {
    void readAll(incoming).then((body) => {
      bodies.push(JSON.parse(body.toString("utf8")));
      response.writeHead(200).end();
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}/alerts`, bodies, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function flatten(decoded: Decoded): ReceivedSpan[] {
  return (decoded.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({
        service: serviceOf(resource?.attributes),
        name: span.name,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        traceState: span.traceState ?? "",
        attributes: plain(span.attributes),
      })),
    ),
  );
}

function serviceOf(attributes: readonly KeyValue[] = []): string {
  return attributes.find(({ key }) => key === "service.name")?.value?.stringValue ?? "";
}

function hex(base64: string): string {
  return Buffer.from(base64, "base64").toString("hex");
}

function plain(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value?.stringValue ?? value?.intValue ?? value?.boolValue]));
}
