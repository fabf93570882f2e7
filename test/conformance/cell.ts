import { gunzipSync, gzipSync } from "node:zlib";
import { grpcFrame, grpcPath } from "../lib/grpc.ts";
import { openConnection, type RawAnswer, type RawRequest, type Transport } from "../lib/otlp-client.ts";
import type { Signal } from "../lib/payload.ts";
import { DATA_TYPES, RESPONSE_TYPES, type PlainMessage } from "../lib/proto-types.ts";
import { RESOURCE_EXHAUSTED, RETRYABLE_GRPC, RETRYABLE_HTTP } from "../lib/retryable.ts";
import type { Attempt, Reply } from "../lib/scripted-backend.ts";
import { sample, toReference } from "./samples.ts";
import type { ReceiverName, Subject } from "./subject.ts";

export type Encoding = "protobuf" | "json";
export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = { protobuf: "application/x-protobuf", json: "application/json" };

/** How a request is sent; everything has the usual value when absent. */
export interface SendOptions {
  readonly receiver?: ReceiverName;
  readonly encoding?: Encoding;
  readonly compress?: boolean;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** google.protobuf.Any as plain data: `typeUrl` and `value` from protobuf, `@type` and the fields themselves from JSON. */
interface PlainDetail {
  readonly typeUrl?: string;
  readonly value?: string;
  readonly "@type"?: string;
  readonly fieldViolations?: readonly { readonly description?: string }[];
}

/** google.rpc.Status as plain data. */
export interface PlainStatus {
  readonly code?: number;
  readonly message?: string;
  readonly details?: readonly PlainDetail[];
}

/** An answer, read by a codec that is not the product's. */
export interface Reading {
  readonly raw: RawAnswer;
  /** HTTP status, or the gRPC code. */
  readonly code: number;
  readonly success: boolean;
  readonly contentType: string;
  /** Set on success. */
  readonly response: PlainMessage | undefined;
  /** Set on failure, when there is one. */
  readonly status: PlainStatus | undefined;
  /** Whether OTLP lets the client send the request again. */
  readonly retryable: boolean;
  /** Milliseconds of RetryInfo (gRPC) or Retry-After (HTTP). */
  readonly retryAfterMs: number | undefined;
}

/** One rule over one transport with one signal: what a test of a rule works with. */
export class Cell {
  readonly subject: Subject;
  readonly transport: Transport;
  readonly signal: Signal;
  /** Its service.name, under which the back end files what it gets. */
  readonly service: string;

  constructor(subject: Subject, transport: Transport, signal: Signal) {
    this.subject = subject;
    this.transport = transport;
    this.signal = signal;
    this.service = subject.newService();
  }

  /** The same rule with a service of its own. */
  another(): Cell {
    return new Cell(this.subject, this.transport, this.signal);
  }

  get isGrpc(): boolean {
    return this.transport === "grpc";
  }

  /** Encodings that the transport has. */
  get encodings(): readonly Encoding[] {
    return this.isGrpc ? ["protobuf"] : ["protobuf", "json"];
  }

  /** A receiver whose pipelines end in the retrying exporter of this transport. */
  get exporterReceiver(): ReceiverName {
    return this.isGrpc ? "to_grpc" : "to_http";
  }

  sample(items = 1, resourceAttributes: readonly PlainMessage[] = []): PlainMessage {
    return sample(this.signal, this.service, items, resourceAttributes);
  }

  encode(json: PlainMessage, encoding: Encoding = "protobuf"): Buffer {
    return encoding === "json" ? Buffer.from(JSON.stringify(json)) : this.subject.proto.encode(DATA_TYPES[this.signal], toReference(json));
  }

  /** What the back end would be given as data if `json` reached it. */
  reference(json: PlainMessage): PlainMessage {
    return this.subject.proto.decode(DATA_TYPES[this.signal], this.encode(json));
  }

  /** Sends data and reads the answer. */
  send(json: PlainMessage, options: SendOptions = {}): Promise<Reading> {
    return this.sendBytes(this.encode(json, options.encoding), options);
  }

  async sendBytes(bytes: Buffer, options: SendOptions = {}): Promise<Reading> {
    const { receiver = "main", encoding = "protobuf" } = options;
    const raw = await this.subject.connection(receiver, this.transport).ask(this.rawRequest(bytes, options));
    return this.read(raw, encoding);
  }

  /** As `sendBytes`, on a connection of its own. */
  async sendAlone(bytes: Buffer, options: SendOptions = {}): Promise<Reading> {
    const { receiver = "main", encoding = "protobuf" } = options;
    const connection = openConnection(this.transport, this.subject.url(receiver, this.transport));
    try {
      return this.read(await connection.ask(this.rawRequest(bytes, options)), encoding);
    } finally {
      connection.close();
    }
  }

  /** Sends a body that is compressed already, or is said to be. */
  async sendPacked(coding: string, body: Buffer, encoding: Encoding = "protobuf"): Promise<Reading> {
    if (!this.isGrpc) return this.sendBytes(body, { encoding, headers: { "content-encoding": coding } });
    const request = this.rawRequest(body, { headers: { "grpc-encoding": coding } });
    return this.read(await this.subject.connection("main", this.transport).ask({ ...request, body: grpcFrame(body, true) }), "protobuf");
  }

  /** Sends over HTTP/1.1 whatever the transport, so that the exporter under test gets the data. */
  feed(json: PlainMessage, receiver: ReceiverName = this.exporterReceiver): Promise<Reading> {
    // Fed requests wait for their answers at the same time: each has a connection of its own.
    return new Cell(this.subject, "http/1.1", this.signal).sendAlone(this.encode(json), { receiver });
  }

  rawRequest(bytes: Buffer, { encoding = "protobuf", compress = false, method = "POST", path, headers = {} }: SendOptions): RawRequest {
    const packed = compress ? gzipSync(bytes, { level: 1 }) : bytes;
    if (this.isGrpc) {
      const coding: Record<string, string> = compress ? { "grpc-encoding": "gzip" } : {};
      const usual = { "content-type": "application/grpc", te: "trailers", ...coding };
      return { method, path: path ?? grpcPath(this.signal), headers: { ...usual, ...headers }, body: grpcFrame(packed, compress) };
    }
    const coding: Record<string, string> = compress ? { "content-encoding": "gzip" } : {};
    return {
      method,
      path: path ?? `/v1/${this.signal}`,
      headers: { "content-type": CONTENT_TYPES[encoding], ...coding, ...headers },
      body: packed,
    };
  }

  read(raw: RawAnswer, encoding: Encoding): Reading {
    if (raw.error !== undefined) throw new Error(`no answer: ${raw.error}`);
    return this.isGrpc ? this.#readGrpc(raw) : this.#readHttp(raw, encoding);
  }

  script(...replies: readonly Reply[]): void {
    this.subject.backend.script(this.service, replies);
  }

  attempts(): readonly Attempt[] {
    return this.subject.backend.attempts(this.service);
  }

  #readGrpc(raw: RawAnswer): Reading {
    const text = raw.headers["grpc-status"];
    if (raw.status !== 200 || text === undefined) throw new Error(`not a gRPC answer: HTTP ${raw.status}, grpc-status ${text ?? "absent"}`);
    const code = Number(text);
    const details = raw.headers["grpc-status-details-bin"];
    const decoded =
      details === undefined ? undefined : (this.subject.proto.decode("google.Status", Buffer.from(details, "base64")) as PlainStatus);
    const message = decodeURIComponent(raw.headers["grpc-message"] ?? "");
    const retryAfterMs = this.#retryDelay(decoded);
    return {
      raw,
      code,
      success: code === 0,
      contentType: raw.headers["content-type"] ?? "",
      response: code === 0 ? this.#response(unframe(raw.body), "protobuf") : undefined,
      status: code === 0 ? undefined : { code, message, details: decoded?.details ?? [] },
      retryable: RETRYABLE_GRPC.has(code) || (code === RESOURCE_EXHAUSTED && retryAfterMs !== undefined),
      retryAfterMs,
    };
  }

  #readHttp(raw: RawAnswer, encoding: Encoding): Reading {
    const success = raw.status === 200;
    const contentType = raw.headers["content-type"] ?? "";
    const body = raw.headers["content-encoding"] === "gzip" ? gunzipSync(raw.body) : raw.body;
    const read = contentType === CONTENT_TYPES.json ? "json" : contentType === CONTENT_TYPES.protobuf ? "protobuf" : encoding;
    const retryAfter = raw.headers["retry-after"];
    return {
      raw,
      code: raw.status,
      success,
      contentType,
      response: success ? this.#response(body, read) : undefined,
      status: success ? undefined : this.#status(body, read),
      retryable: RETRYABLE_HTTP.has(raw.status),
      retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1000,
    };
  }

  #response(body: Buffer, encoding: Encoding): PlainMessage {
    if (encoding === "json") return JSON.parse(body.toString()) as PlainMessage;
    return this.subject.proto.decode(RESPONSE_TYPES[this.signal], body);
  }

  /** Undefined when the body is no Status in that encoding, or an empty one. */
  #status(body: Buffer, encoding: Encoding): PlainStatus | undefined {
    try {
      const status =
        encoding === "json"
          ? (JSON.parse(body.toString()) as PlainStatus)
          : (this.subject.proto.decode("google.Status", body) as PlainStatus);
      return typeof status.message === "string" ? status : undefined;
    } catch {
      return undefined;
    }
  }

  #retryDelay(status: PlainStatus | undefined): number | undefined {
    const info = status?.details?.find(({ typeUrl }) => typeUrl === "type.googleapis.com/google.rpc.RetryInfo");
    if (info === undefined) return undefined;
    const { retryDelay = {} } = this.subject.proto.decode("google.RetryInfo", Buffer.from(info.value ?? "", "base64")) as {
      retryDelay?: { seconds?: string; nanos?: number };
    };
    return Number(retryDelay.seconds ?? 0) * 1000 + (retryDelay.nanos ?? 0) / 1e6;
  }
}

function unframe(body: Buffer): Buffer {
  if (body.length < 5) throw new Error(`a gRPC success without a message (${body.length} bytes)`);
  const length = body.readUInt32BE(1);
  if (length !== body.length - 5) throw new Error(`a gRPC frame that announces ${length} bytes and has ${body.length - 5}`);
  return body[0] === 1 ? gunzipSync(body.subarray(5)) : body.subarray(5);
}
