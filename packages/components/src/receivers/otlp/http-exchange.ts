import type { AuthData } from "@tidemark/core";
import { encodeExportResponse, exportResponseToJson, type Signal } from "@tidemark/otlp";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { gzip } from "node:zlib";
import { BodyBuffer, giveBack } from "../../transport/bodies/body-buffer.ts";
import { isContentEncoding, type ContentEncoding } from "../../transport/bodies/compression.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { ERROR } from "../../transport/http2/frame.ts";
import type { Stream } from "../../transport/http2/stream.ts";
import { formatRetryAfter } from "../../transport/retry-after.ts";
import { errorAnswer, OVERLOADED, SHUTTING_DOWN, tooLargeAnswer, type Answer, type ErrorAnswer } from "./answer.ts";
import type { ClientConnection } from "./client-connection.ts";
import { acceptsGzip, JSON_TYPE, mediaType, metadataOf, pathOf, PROTOBUF, shorten, statusBody } from "./http-messages.ts";
import type { HttpParts } from "./http-parts.ts";
import type { Submission } from "./intake.ts";
import type { OpenCall } from "./open-calls.ts";

/** One request, of either version. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** HTTP/1.1 only: values of repeated headers, each by itself. */
  readonly headersDistinct?: NodeJS.Dict<string[]>;
  on(event: "data" | "end" | "close" | "error", listener: (chunk: Buffer) => void): unknown;
  destroy(): unknown;
}

/** The answer to one request, of either version. */
export interface HttpResponse {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** HTTP/1.1 only. */
  shouldKeepAlive?: boolean;
  /** HTTP/1.1 only: null while earlier requests of the connection wait for their answers. */
  readonly socket?: unknown;
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers?: OutgoingHttpHeaders | string[]): unknown;
  writeContinue(): unknown;
  end(): unknown;
  end(body: Uint8Array): unknown;
}

const EMPTY = Buffer.alloc(0);
const EMPTY_JSON = Buffer.from("{}");
const SUCCESS_PROTOBUF: readonly string[] = ["content-type", PROTOBUF, "content-length", "0"];
const SUCCESS_JSON: readonly string[] = ["content-type", JSON_TYPE, "content-length", String(EMPTY_JSON.length)];
/** What is read after a refusal beside the longest accepted body, so that one that is a little longer does not cost its connection. */
const DRAIN_SLACK = 1 << 20;
/** Shorter bodies gain nothing from gzip. */
const WORTH_GZIP = 1024;
const LATE: ErrorAnswer = errorAnswer(GRPC.DEADLINE_EXCEEDED, "the request did not arrive within read_timeout", undefined, 408);
const WRONG_METHOD: ErrorAnswer = errorAnswer(GRPC.UNIMPLEMENTED, "405 method not allowed, supported: [POST]", undefined, 405);
const WRONG_TYPE: ErrorAnswer = errorAnswer(
  GRPC.UNIMPLEMENTED,
  "415 unsupported media type, supported: [application/json, application/x-protobuf]",
  undefined,
  415,
);

/** One request over HTTP/1.1 or HTTP/2 and its answer. */
export class HttpExchange implements Submission, OpenCall {
  readonly transport = "http";
  signal: Signal = "traces";
  json = false;
  body: Buffer = EMPTY;
  encoding: ContentEncoding | undefined = undefined;
  metadata: ReadonlyMap<string, readonly string[]> | undefined = undefined;
  auth: AuthData | undefined = undefined;
  charged = 0;
  startedAt = 0;
  readonly connection: ClientConnection;
  readonly #parts: HttpParts;
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  #buffer: BodyBuffer | undefined;
  #entered = false;
  /** Of HTTP/2; undefined: HTTP/1.1. */
  readonly #stream: Stream | undefined;
  #answeredAt: number | undefined;
  /** The authenticator has not answered yet. */
  #atDoor = false;

  constructor(parts: HttpParts, connection: ClientConnection, request: HttpRequest, response: HttpResponse, stream: Stream | undefined) {
    this.#parts = parts;
    this.connection = connection;
    this.#request = request;
    this.#response = response;
    this.#stream = stream;
  }

  /** Looks at the head; refuses at once, or reads the body. */
  begin(): void {
    const { responseHeaders, cors, intake, door } = this.#parts;
    const request = this.#request;
    const type = mediaType(request.headers["content-type"]);
    this.json = type !== PROTOBUF;
    this.connection.protobuf = !this.json;
    if (this.#stream !== undefined) this.#watch();
    if (!intake.enter(this)) return this.#turnAway();
    this.#entered = true;
    const origin = request.headers.origin;
    if (responseHeaders !== undefined) this.#setHeaders(responseHeaders);
    if (cors !== undefined && origin !== undefined) {
      if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) return this.#preflight(origin);
      this.#setHeaders([...cors.headersFor(origin), ["vary", "Origin"]]);
    }
    if (door === undefined) return this.#route(type);
    this.#atDoor = true;
    request.on("error", ignore);
    request.on("close", () => this.#leaveDoor());
    door.identify(this, request.headers, request.url ?? "", (refusal) => {
      if (!this.#atDoor) return;
      this.#atDoor = false;
      if (refusal === undefined) this.#route(type);
      else this.#refuse(refusal);
    });
  }

  answer(answer: Answer): void {
    const response = this.#response;
    if (this.#stream === undefined) this.#leave();
    else this.#answeredAt = this.#parts.now();
    if (response.writableEnded || response.headersSent) return;
    if (this.#parts.closing || this.connection.retired) response.shouldKeepAlive = false;
    if (answer.kind === "success") {
      response.writeHead(200, (this.json ? SUCCESS_JSON : SUCCESS_PROTOBUF) as string[]);
      if (this.json) response.end(EMPTY_JSON);
      else response.end();
      return;
    }
    if (answer.kind === "partial") {
      const partial = { rejected: answer.rejected, message: shorten(answer.message) };
      return this.#send(
        200,
        this.json ? Buffer.from(exportResponseToJson(this.signal, partial)) : encodeExportResponse(this.signal, partial),
      );
    }
    this.#answerError(answer);
  }

  #answerError(answer: ErrorAnswer): void {
    const response = this.#response;
    const { httpStatus, retryDelayMs } = answer;
    if (retryDelayMs !== undefined && (httpStatus === 429 || httpStatus === 503))
      response.setHeader("retry-after", formatRetryAfter(retryDelayMs));
    const challenge = httpStatus === 401 ? this.#parts.door?.challenge : undefined;
    if (challenge !== undefined) response.setHeader("www-authenticate", challenge);
    if (httpStatus === 405) response.setHeader("allow", "POST");
    this.#send(httpStatus, statusBody(answer, this.json));
  }

  /** HTTP/2 only: ends a request that does not arrive in full, or whose answer the client does not take. */
  expire(oldest: number): void {
    const stream = this.#stream;
    if (this.#answeredAt === undefined) {
      // A request that is complete waits for the pipeline, however long that takes.
      if (this.#buffer !== undefined || this.#atDoor) this.#refuse(LATE);
    } else if (this.#answeredAt <= oldest) {
      stream?.reset(stream.isLocalDone ? ERROR.NO_ERROR : ERROR.CANCEL);
    }
  }

  /** A stream is open until the client has taken its answer. */
  #watch(): void {
    const { open, now } = this.#parts;
    this.startedAt = now();
    open.add(this);
    this.#request.on("close", () => {
      open.delete(this);
      this.#onClose();
      this.#leave();
    });
  }

  #route(type: string): void {
    const { routes, door } = this.#parts;
    const request = this.#request;
    const url = request.url ?? "";
    const signal = routes.get(url) ?? routes.get(pathOf(url));
    if (signal === undefined) {
      const isOtlp = request.method === "POST" && (type === PROTOBUF || type === JSON_TYPE);
      const message = `nothing is served at ${pathOf(url)}; the paths are ${[...routes.keys()].join(", ")}`;
      return this.#refuse(errorAnswer(GRPC.NOT_FOUND, isOtlp ? message : "404 page not found", undefined, 404));
    }
    if (request.method !== "POST") return this.#refuse(WRONG_METHOD);
    if (type !== PROTOBUF && type !== JSON_TYPE) return this.#refuse(WRONG_TYPE);
    this.signal = signal;
    const refusal = door?.refusal() ?? this.#readHead();
    if (refusal !== undefined) return this.#refuse(refusal);
    this.#read();
  }

  /** Learns the encoding, or why the body cannot be taken. */
  #readHead(): ErrorAnswer | undefined {
    const { headers } = this.#request;
    const { config, intake, encodings } = this.#parts;
    const coding = headers["content-encoding"] ?? "";
    if (coding !== "" && coding !== "identity") {
      if (!isContentEncoding(coding) || !encodings.has(coding)) {
        const supported = [...encodings].filter(Boolean).join(", ");
        return errorAnswer(GRPC.INVALID_ARGUMENT, `unsupported Content-Encoding: ${coding}; supported: ${supported}`);
      }
      this.encoding = coding;
    } else if (!encodings.has("")) {
      return errorAnswer(GRPC.INVALID_ARGUMENT, "bodies without Content-Encoding are not accepted here");
    }
    const length = Number(headers["content-length"] ?? -1);
    if (length > config.max_request_body_size + DRAIN_SLACK) this.#response.shouldKeepAlive = false;
    if (length > config.max_request_body_size) return this.#tooLarge();
    if (this.#parts.closing && config.keep_alives_enabled) return SHUTTING_DOWN;
    if (length > 0 && !intake.hasRoom(this, length)) return OVERLOADED;
    return undefined;
  }

  #read(): void {
    const request = this.#request;
    const { headers } = request;
    if (this.#parts.config.include_metadata) {
      this.metadata =
        request.headersDistinct === undefined
          ? metadataOf(headers)
          : new Map(Object.entries(request.headersDistinct as Record<string, string[]>));
    }
    // Node would put it between the head and the body of an answer that waits for its turn.
    if (headers.expect !== undefined && this.#response.socket !== null) this.#response.writeContinue();
    this.#buffer = new BodyBuffer(Number(headers["content-length"] ?? -1));
    request.on("data", (chunk: Buffer) => this.#onData(chunk));
    request.on("end", () => this.#onEnd());
    request.on("close", () => this.#onClose());
    request.on("error", ignore);
  }

  #onData(chunk: Buffer): void {
    const buffer = this.#buffer;
    const { config, intake } = this.#parts;
    if (buffer === undefined) return;
    const total = buffer.length + chunk.length;
    if (total > config.max_request_body_size) return this.#refuse(this.#tooLarge());
    if (!intake.charge(this, total)) return this.#refuse(OVERLOADED);
    // Over HTTP/2 the piece is part of what its connection is reading.
    if (buffer.push(chunk) && this.#stream === undefined) giveBack(chunk);
  }

  #onEnd(): void {
    if (this.#buffer === undefined) return;
    this.body = this.#buffer.take();
    this.#buffer = undefined;
    this.#parts.intake.submit(this, this.#parts.config.max_request_body_size);
  }

  /** The client went away in the middle of its body: there is nothing to deliver and nobody to answer. */
  #onClose(): void {
    if (this.#buffer === undefined) return;
    this.#release();
    this.#leave();
  }

  /** The connection ends with the answer: what would follow on it is not read. */
  #turnAway(): void {
    this.#parts.intake.counter.count("http", OVERLOADED);
    this.#response.shouldKeepAlive = false;
    this.answer(OVERLOADED);
    this.#request.on("error", ignore);
  }

  /** The client went away before it was known who it is. */
  #leaveDoor(): void {
    if (!this.#atDoor) return;
    this.#atDoor = false;
    this.#leave();
  }

  #leave(): void {
    if (this.#entered) this.#parts.intake.leave(this);
    this.#entered = false;
  }

  #release(): void {
    this.#buffer = undefined;
    this.#parts.intake.release(this);
  }

  #tooLarge(): ErrorAnswer {
    return tooLargeAnswer(
      `request body is larger than max_request_body_size (${this.#parts.config.max_request_body_size} bytes); send smaller batches`,
    );
  }

  #refuse(answer: ErrorAnswer): void {
    this.#atDoor = false;
    this.#release();
    this.#parts.intake.counter.count("http", answer);
    this.answer(answer);
    this.#drain();
  }

  /**
   * Reads on and throws away, so that a client which writes before it reads finds its answer instead of a reset. Bounded: what
   * is much longer than any accepted body ends the connection (HTTP/2: the stream), and read_timeout runs on.
   */
  #drain(): void {
    const request = this.#request;
    let left = this.#parts.config.max_request_body_size + DRAIN_SLACK;
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.destroy();
    });
    request.on("error", ignore);
  }

  #preflight(origin: string): void {
    if (this.#stream === undefined) this.#leave();
    else this.#answeredAt = this.#parts.now();
    const { headers } = this.#request;
    const allowed =
      this.#parts.cors?.preflightFor(origin, headers["access-control-request-method"], headers["access-control-request-headers"]) ?? [];
    this.#setHeaders([...allowed, ["vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]]);
    this.#response.writeHead(204);
    this.#response.end();
    this.#drain();
  }

  #setHeaders(headers: readonly (readonly [string, string])[]): void {
    for (const [name, value] of headers) this.#response.setHeader(name, value);
  }

  #send(status: number, body: Uint8Array): void {
    if (body.length < WORTH_GZIP || !acceptsGzip(this.#request.headers["accept-encoding"])) return this.#write(status, body);
    gzip(body, (error, packed) => {
      if (error === null) this.#write(status, packed, { "content-encoding": "gzip" });
      else this.#write(status, body);
    });
  }

  #write(status: number, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): void {
    const response = this.#response;
    if (response.headersSent) return;
    response.writeHead(status, { "content-type": this.json ? JSON_TYPE : PROTOBUF, "content-length": body.length, ...headers });
    response.end(body);
  }
}

function ignore(): void {}
