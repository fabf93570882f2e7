import { encodeExportResponse, type Signal } from "@tidemark/otlp";
import type { ContentEncoding } from "../../transport/bodies/compression.ts";
import { frameHead, UnaryMessage } from "../../transport/grpc-frame.ts";
import { GRPC } from "../../transport/grpc-status.ts";
import { ERROR } from "../../transport/http2/frame.ts";
import type { RequestHead } from "../../transport/http2/request-head.ts";
import { prepareAnswer, type PreparedAnswer } from "../../transport/http2/prepared-answer.ts";
import type { Stream, StreamListener } from "../../transport/http2/stream.ts";
import type { AuthData } from "@tidemark/core";
import { errorAnswer, OVERLOADED, tooLargeAnswer, type Answer, type ErrorAnswer } from "./answer.ts";
import type { ClientConnection } from "./client-connection.ts";
import { ACCEPTED_ENCODINGS, GRPC_TYPE, MAX_MESSAGE_CHARS, respondFailure } from "./grpc-messages.ts";
import type { GrpcParts } from "./grpc-parts.ts";
import type { Submission } from "./intake.ts";
import type { OpenCall } from "./open-calls.ts";

const METHODS: ReadonlyMap<string, Signal> = new Map([
  ["/opentelemetry.proto.collector.trace.v1.TraceService/Export", "traces"],
  ["/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "metrics"],
  ["/opentelemetry.proto.collector.logs.v1.LogsService/Export", "logs"],
]);
const ANSWER_HEAD = [
  [":status", "200"],
  ["content-type", GRPC_TYPE],
] as const;
const OK_TRAILERS = [["grpc-status", "0"]] as const;
const EMPTY = Buffer.alloc(0);
/** The answer to nearly every request: an empty message. */
const SUCCESS: PreparedAnswer = prepareAnswer(ANSWER_HEAD, frameHead(0, false), OK_TRAILERS);

const NOT_GRPC_HEAD = [
  [":status", "415"],
  ["content-type", "text/plain"],
] as const;
const NOT_GRPC = Buffer.from("415 unsupported media type, supported: [application/grpc, application/grpc+proto]");

/** One unary call and its answer. */
export class GrpcExchange implements Submission, OpenCall, StreamListener {
  readonly transport = "grpc";
  readonly json = false;
  readonly startedAt: number;
  signal: Signal = "traces";
  body: Buffer = EMPTY;
  encoding: ContentEncoding | undefined = undefined;
  metadata: ReadonlyMap<string, readonly string[]> | undefined = undefined;
  auth: AuthData | undefined = undefined;
  charged = 0;
  readonly connection: ClientConnection;
  readonly #parts: GrpcParts;
  readonly #stream: Stream;
  readonly #headers: RequestHead;
  #message: UnaryMessage | undefined;
  #answeredAt: number | undefined;
  /** Bytes that may still come behind a refusal. */
  #discardable = 0;
  /** The authenticator has not answered yet. */
  #atDoor = false;

  constructor(parts: GrpcParts, connection: ClientConnection, stream: Stream, headers: RequestHead) {
    this.#parts = parts;
    this.connection = connection;
    this.#stream = stream;
    this.#headers = headers;
    this.startedAt = parts.now();
  }

  /** Looks at the head; refuses at once, or reads the message. */
  begin(): void {
    const headers = this.#headers;
    const stream = this.#stream;
    const { intake, open, door } = this.#parts;
    if (!intake.enter(this)) return stream.reset(ERROR.REFUSED_STREAM);
    open.add(this);
    stream.listener = this;
    const type = headers["content-type"] ?? "";
    if (type !== GRPC_TYPE && !/^application\/grpc(?:[+;]|$)/.test(type)) return this.#notGrpc(type);
    if (door === undefined) return this.#read(headers, type);
    this.#atDoor = true;
    stream.pause();
    door.identify(this, headers, "", (refusal) => {
      this.#atDoor = false;
      if (!stream.isOpen || stream.headersSent) return;
      if (refusal !== undefined) this.#refuse(refusal);
      else this.#read(headers, type);
      stream.resume();
    });
  }

  #read(headers: RequestHead, type: string): void {
    const { intake, config, door } = this.#parts;
    const refusal = this.#readHead(headers, type) ?? door?.refusal();
    if (refusal !== undefined) return this.#refuse(refusal);
    if (!intake.hasRoom(this, 1)) return this.#refuse(OVERLOADED);
    if (config.include_metadata) this.metadata = metadataOf(headers);
    this.#message = new UnaryMessage();
  }

  /** Ends what has lasted since `oldest`: a message that does not arrive in full, an answer that the client does not take. */
  expire(oldest: number): void {
    const stream = this.#stream;
    if (this.#answeredAt !== undefined) {
      if (this.#answeredAt <= oldest) stream.reset(stream.isLocalDone ? ERROR.NO_ERROR : ERROR.CANCEL);
    } else if (this.#message !== undefined || this.#atDoor) {
      this.#refuse(
        errorAnswer(GRPC.DEADLINE_EXCEEDED, `the message did not arrive within read_timeout (${this.#parts.config.read_timeout} ms)`),
      );
    }
  }

  answer(answer: Answer): void {
    const stream = this.#stream;
    this.#answeredAt = this.#parts.now();
    if (!stream.isOpen || stream.headersSent) return;
    if (answer.kind === "error") {
      const { grpcCode: code, message, retryDelayMs, violation } = answer;
      const challenge = code === GRPC.UNAUTHENTICATED ? this.#parts.door?.challenge : undefined;
      return respondFailure(stream, { code, message, retryDelayMs, violation, challenge });
    }
    if (answer.kind === "success") return stream.answer(SUCCESS);
    const body = encodeExportResponse(this.signal, { rejected: answer.rejected, message: answer.message.slice(0, MAX_MESSAGE_CHARS) });
    stream.respond(ANSWER_HEAD, false);
    stream.write(Buffer.concat([frameHead(body.length, false), body]));
    stream.end(OK_TRAILERS);
  }

  /** Learns signal and encoding, or what is wrong with the head. */
  #readHead(headers: RequestHead, type: string): ErrorAnswer | undefined {
    const path = headers[":path"] ?? "";
    const signal = METHODS.get(path);
    if (signal === undefined) return errorAnswer(GRPC.UNIMPLEMENTED, unknownMethod(path));
    this.signal = signal;
    const method = headers[":method"] ?? "";
    if (method !== "POST") return errorAnswer(GRPC.INVALID_ARGUMENT, `gRPC calls use POST, not ${method}`);
    if (/^application\/grpc\+(?!proto(?:;|$))/.test(type)) {
      return errorAnswer(GRPC.UNIMPLEMENTED, `messages of ${type} are not supported; use application/grpc+proto`);
    }
    const coding = headers["grpc-encoding"] ?? "identity";
    if (coding === "gzip" || coding === "zstd") this.encoding = coding;
    else if (coding !== "identity") {
      const message = `grpc: Decompressor is not installed for grpc-encoding "${coding}"; supported: ${ACCEPTED_ENCODINGS}`;
      return errorAnswer(GRPC.UNIMPLEMENTED, message);
    }
    return undefined;
  }

  onData(chunk: Buffer): boolean {
    const message = this.#message;
    if (message === undefined) return this.#discard(chunk);
    const wasKnown = message.length >= 0;
    const fault = message.push(chunk);
    if (fault !== undefined) this.#refuse(errorAnswer(GRPC.INVALID_ARGUMENT, fault));
    else if (!this.#parts.intake.charge(this, message.received)) this.#refuse(OVERLOADED);
    else if (!wasKnown && message.length >= 0) this.#admit(message);
    return message.isCopied;
  }

  /** The length is known: refuse what is too large or does not fit now before the rest arrives. */
  #admit(message: UnaryMessage): void {
    const { maxMessageBytes, intake } = this.#parts;
    if (message.length > maxMessageBytes) {
      return this.#refuse(
        tooLargeAnswer(`grpc: received message larger than max (${message.length} vs. ${maxMessageBytes}); send smaller batches`),
      );
    }
    if (message.compressed && this.encoding === undefined) {
      return this.#refuse(errorAnswer(GRPC.INVALID_ARGUMENT, "grpc: compressed flag set with identity or empty encoding"));
    }
    if (!intake.hasRoom(this, message.length)) this.#refuse(OVERLOADED);
  }

  onEnd(): void {
    const message = this.#message;
    if (message === undefined) return;
    const fault = message.end();
    if (fault !== undefined) return this.#refuse(errorAnswer(GRPC.INVALID_ARGUMENT, fault));
    this.#message = undefined;
    this.body = message.take();
    if (!message.compressed) this.encoding = undefined;
    this.#parts.intake.submit(this, this.#parts.maxMessageBytes);
  }

  onClose(): void {
    this.#parts.open.delete(this);
    this.#parts.intake.leave(this);
    this.#release();
  }

  /** After a refusal, or when the client went away in the middle of its message. */
  #release(): void {
    if (this.#message === undefined) return;
    this.#message = undefined;
    this.#parts.intake.release(this);
  }

  #refuse(answer: ErrorAnswer): void {
    this.#release();
    this.#parts.intake.counter.count("grpc", answer);
    this.answer(answer);
    this.#discardable = this.#parts.maxMessageBytes;
  }

  /** As gRPC's HTTP/2 mapping asks: what is not gRPC gets a plain HTTP answer. */
  #notGrpc(type: string): void {
    this.#parts.intake.counter.count("grpc", errorAnswer(GRPC.INVALID_ARGUMENT, type));
    this.#answeredAt = this.#parts.now();
    const stream = this.#stream;
    stream.respond(NOT_GRPC_HEAD, false);
    stream.write(NOT_GRPC);
    stream.end();
    this.#discardable = this.#parts.maxMessageBytes;
  }

  /**
   * Reads on and throws away, so that a client which is still writing finds its answer: a reset right behind an answer makes
   * Node's own clients lose it. Bounded by the size of a message and by read_timeout.
   */
  #discard(chunk: Buffer): boolean {
    this.#discardable -= chunk.length;
    if (this.#discardable < 0) this.#stream.reset(ERROR.NO_ERROR);
    return true;
  }
}

/** The texts of grpc-go, which users search for. */
function unknownMethod(path: string): string {
  const [, service = "", method] = path.split("/");
  if (service === "" || method === undefined) return `malformed method name: "${path}"`;
  const isService = [...METHODS.keys()].some((known) => known.startsWith(`/${service}/`));
  return isService ? `unknown method ${method} for service ${service}` : `unknown service ${service}`;
}

function metadataOf(headers: RequestHead): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    out.set(name, Array.isArray(value) ? value : [value]);
  }
  return out;
}
