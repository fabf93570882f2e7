import type { Signal } from "@tidemark/otlp";
import { encodeExportResponse, encodeStatus, exportResponseToJson, statusToJson, type RpcStatus } from "@tidemark/otlp";
import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyBuffer } from "../../transport/body-buffer.ts";
import { isContentEncoding, type ContentEncoding } from "../../transport/compression.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { formatRetryAfter } from "../../transport/retry-after.ts";
import { errorAnswer, OVERLOADED, SHUTTING_DOWN, tooLargeAnswer, type Answer, type ErrorAnswer } from "./answer.ts";
import type { HttpParts } from "./http-parts.ts";
import type { Submission } from "./intake.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const EMPTY = Buffer.alloc(0);
const EMPTY_JSON = Buffer.from("{}");
const SUCCESS_PROTOBUF: readonly string[] = ["content-type", PROTOBUF, "content-length", "0"];
const SUCCESS_JSON: readonly string[] = ["content-type", JSON_TYPE, "content-length", String(EMPTY_JSON.length)];
/** OTLP 1.11: responses stay under 4 MiB; an error text gets what fits comfortably. */
const MAX_MESSAGE_CHARS = 16 << 10;

/** One request and its answer. */
export class HttpExchange implements Submission {
  readonly transport = "http";
  signal: Signal = "traces";
  json = false;
  body: Buffer = EMPTY;
  encoding: ContentEncoding | undefined = undefined;
  metadata: ReadonlyMap<string, readonly string[]> | undefined = undefined;
  charged = 0;
  readonly #parts: HttpParts;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #buffer: BodyBuffer | undefined;
  #entered = false;

  constructor(parts: HttpParts, request: IncomingMessage, response: ServerResponse) {
    this.#parts = parts;
    this.#request = request;
    this.#response = response;
  }

  /** Looks at the head; refuses at once, or reads the body. */
  begin(): void {
    const { routes, responseHeaders, cors } = this.#parts;
    const request = this.#request;
    if (!this.#parts.intake.enter(this)) return this.#turnAway();
    this.#entered = true;
    const url = request.url ?? "";
    const signal = routes.get(url) ?? routes.get(pathOf(url));
    const origin = request.headers.origin;
    if (responseHeaders !== undefined) this.#setHeaders(responseHeaders);
    if (cors !== undefined && origin !== undefined) {
      if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) return this.#preflight(origin);
      this.#setHeaders([...cors.headersFor(origin), ["vary", "Origin"]]);
    }
    const type = mediaType(request.headers["content-type"]);
    this.json = type === JSON_TYPE;
    const isOtlp = this.json || type === PROTOBUF;
    if (signal === undefined) {
      if (request.method !== "POST" || !isOtlp) return this.#refuseText(404, "404 page not found");
      return this.#refuse(
        errorAnswer(GRPC.NOT_FOUND, `nothing is served at ${pathOf(url)}; the paths are ${[...routes.keys()].join(", ")}`, undefined, 404),
      );
    }
    if (request.method !== "POST") return this.#refuseText(405, "405 method not allowed, supported: [POST]");
    if (!isOtlp) return this.#refuseText(415, "415 unsupported media type, supported: [application/json, application/x-protobuf]");
    this.signal = signal;
    this.#read();
  }

  answer(answer: Answer): void {
    const response = this.#response;
    this.#leave();
    if (response.destroyed || response.writableEnded) return;
    if (this.#parts.closing) response.shouldKeepAlive = false;
    if (answer.kind === "success") {
      response.writeHead(200, (this.json ? SUCCESS_JSON : SUCCESS_PROTOBUF) as string[]);
      response.end(this.json ? EMPTY_JSON : undefined);
      return;
    }
    if (answer.kind === "partial") {
      const partial = { rejected: answer.rejected, message: shorten(answer.message) };
      return this.#send(
        200,
        this.json ? Buffer.from(exportResponseToJson(this.signal, partial)) : encodeExportResponse(this.signal, partial),
      );
    }
    const { grpcCode: code, httpStatus, retryDelayMs } = answer;
    if (retryDelayMs !== undefined && (httpStatus === 429 || httpStatus === 503))
      response.setHeader("retry-after", formatRetryAfter(retryDelayMs));
    const status: RpcStatus = { code, message: shorten(answer.message), ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
    this.#send(httpStatus, this.json ? Buffer.from(statusToJson(status)) : encodeStatus(status));
  }

  #read(): void {
    const request = this.#request;
    const { config, intake, encodings } = this.#parts;
    const coding = request.headers["content-encoding"] ?? "";
    if (coding !== "" && coding !== "identity") {
      if (!isContentEncoding(coding) || !encodings.has(coding)) {
        return this.#refuse(
          errorAnswer(
            GRPC.INVALID_ARGUMENT,
            `unsupported Content-Encoding: ${coding}; supported: ${[...encodings].filter(Boolean).join(", ")}`,
          ),
        );
      }
      this.encoding = coding;
    } else if (!encodings.has("")) {
      return this.#refuse(errorAnswer(GRPC.INVALID_ARGUMENT, "bodies without Content-Encoding are not accepted here"));
    }
    const length = Number(request.headers["content-length"] ?? -1);
    if (length > config.max_request_body_size) return this.#refuse(this.#tooLarge());
    if (this.#parts.closing && config.keep_alives_enabled) return this.#refuse(SHUTTING_DOWN);
    if (length > 0 && !intake.budget.hasRoom(0, length)) return this.#refuse(OVERLOADED);
    if (config.include_metadata) this.metadata = new Map(Object.entries(request.headersDistinct as Record<string, string[]>));
    if (request.headers.expect !== undefined) this.#response.writeContinue();
    this.#buffer = new BodyBuffer(length);
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
    buffer.push(chunk);
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

  #leave(): void {
    if (this.#entered) this.#parts.intake.leave(this);
    this.#entered = false;
  }

  #release(): void {
    this.#buffer = undefined;
    this.#parts.intake.budget.give(this.charged);
    this.charged = 0;
  }

  #tooLarge(): ErrorAnswer {
    return tooLargeAnswer(
      `request body is larger than max_request_body_size (${this.#parts.config.max_request_body_size} bytes); send smaller batches`,
    );
  }

  #refuse(answer: ErrorAnswer): void {
    this.#release();
    this.#parts.intake.counter.count("http", answer);
    this.answer(answer);
    this.#drain();
  }

  #refuseText(status: number, text: string): void {
    this.#leave();
    this.#parts.intake.counter.count("http", errorAnswer(GRPC.INVALID_ARGUMENT, text));
    const response = this.#response;
    if (status === 405) response.setHeader("allow", "POST");
    response.writeHead(status, { "content-type": "text/plain", "content-length": Buffer.byteLength(text) });
    response.end(text);
    this.#drain();
  }

  /**
   * Reads on and throws away, so that a client which writes before it reads finds its answer instead of a reset. Bounded: what
   * is longer than any accepted body ends the connection, and the server's read_timeout runs on.
   */
  #drain(): void {
    const request = this.#request;
    let left = this.#parts.config.max_request_body_size;
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.destroy();
    });
    request.on("error", ignore);
  }

  #preflight(origin: string): void {
    this.#leave();
    const { headers } = this.#request;
    const allowed =
      this.#parts.cors?.preflightFor(origin, headers["access-control-request-method"], headers["access-control-request-headers"]) ?? [];
    this.#setHeaders([...allowed, ["vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]]);
    this.#response.writeHead(204).end();
    this.#drain();
  }

  #setHeaders(headers: readonly (readonly [string, string])[]): void {
    for (const [name, value] of headers) this.#response.setHeader(name, value);
  }

  #send(status: number, body: Uint8Array): void {
    this.#response.writeHead(status, { "content-type": this.json ? JSON_TYPE : PROTOBUF, "content-length": body.length });
    this.#response.end(body);
  }
}

function ignore(): void {}

/** The path of a target in origin form (`/v1/traces?x`) or absolute form (`http://host/v1/traces`, RFC 9112 3.2.2). */
function pathOf(url: string): string {
  const start = /^https?:\/\/[^/?]*/i.exec(url)?.[0].length ?? 0;
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}

/** The type without parameters, in lower case. */
function mediaType(header: string | undefined): string {
  if (header === undefined || header === PROTOBUF || header === JSON_TYPE) return header ?? "";
  return (header.split(";", 1)[0] ?? "").trim().toLowerCase();
}

function shorten(message: string): string {
  return message.length <= MAX_MESSAGE_CHARS ? message : `${message.slice(0, MAX_MESSAGE_CHARS)}…`;
}
