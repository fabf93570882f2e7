import { PipelineError } from "@tidemark/core";
import { decodeStatus } from "@tidemark/otlp";
import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { UnaryMessage } from "../../transport/grpc-frame.ts";
import { decodeGrpcMessage, GRPC, grpcName, isRetryableGrpc, pipelineCodeOf } from "../../transport/grpc-status.ts";

/** OTLP 1.11: a response of more than this is not read. */
const MAX_RESPONSE_BYTES = 4 << 20;
const NOTHING = Buffer.alloc(0);

/** gRPC's table for servers and proxies that answer without grpc-status (doc/http-grpc-status-mapping.md). */
const HTTP_TO_GRPC: ReadonlyMap<number, number> = new Map<number, number>([
  [400, GRPC.INTERNAL],
  [401, GRPC.UNAUTHENTICATED],
  [403, GRPC.PERMISSION_DENIED],
  [404, GRPC.UNIMPLEMENTED],
  [429, GRPC.UNAVAILABLE],
  [502, GRPC.UNAVAILABLE],
  [503, GRPC.UNAVAILABLE],
  [504, GRPC.UNAVAILABLE],
]);

/** `unprocessed` tells that the far side has certainly not begun with the call, so that sending it again doubles nothing. */
type Done = (error: PipelineError | undefined, message: Buffer, unprocessed: boolean) => void;

/** The answer to one unary call: headers, a message, trailers, in whatever shape the far side sends them. */
export class GrpcCall {
  readonly #stream: ClientHttp2Stream;
  readonly #url: string;
  readonly #message = new UnaryMessage();
  #done: Done | undefined;
  #headers: IncomingHttpHeaders = {};
  #trailers: IncomingHttpHeaders | undefined;
  #fault: string | undefined;
  #received = 0;
  #error: Error | undefined;

  constructor(stream: ClientHttp2Stream, url: string, done: Done) {
    this.#stream = stream;
    this.#url = url;
    this.#done = done;
    stream.on("response", (headers) => {
      this.#headers = headers;
    });
    stream.on("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    stream.on("error", (error) => {
      this.#error = error;
    });
    stream.on("end", () => this.#onEnd());
    stream.on("close", () => this.#onClose());
  }

  /** Nobody waits for the answer any more. */
  cancelled(): void {
    this.#finish(PipelineError.unavailable(`call to ${this.#url} was cancelled`));
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > MAX_RESPONSE_BYTES) {
      this.#fault = `the response is larger than ${MAX_RESPONSE_BYTES} bytes`;
      this.#stream.close();
    } else this.#fault ??= this.#message.push(chunk);
  }

  /** Trailers come before the end of the readable side; a trailers-only answer has its status in the headers. */
  #onEnd(): void {
    const block = this.#trailers?.["grpc-status"] === undefined ? this.#headers : this.#trailers;
    const text = block["grpc-status"];
    if (typeof text !== "string") return;
    this.#settle(/^\d+$/.test(text) ? Number(text) : GRPC.UNKNOWN, block);
    // The server has answered before it took the whole message.
    if (!this.#stream.writableFinished) this.#stream.close();
  }

  /** The stream ended without a status: reset, lost with its session, or answered by something that is not gRPC. */
  #onClose(): void {
    if (this.#done === undefined) return;
    const http = Number(this.#headers[":status"] ?? 0);
    if (this.#fault !== undefined) return this.#fail(GRPC.INTERNAL, this.#fault, undefined);
    if (http !== 0 && http !== 200) {
      return this.#fail(HTTP_TO_GRPC.get(http) ?? GRPC.UNKNOWN, `the server answered HTTP ${http} without grpc-status`, undefined);
    }
    const { rstCode, pending } = this.#stream;
    this.#fail(GRPC.UNAVAILABLE, reasonOf(this.#error), undefined, rstCode === constants.NGHTTP2_REFUSED_STREAM || pending);
  }

  #settle(status: number, block: IncomingHttpHeaders): void {
    if (status === GRPC.OK) {
      if (this.#fault !== undefined) return this.#fail(GRPC.INTERNAL, this.#fault, undefined);
      return this.#finish(undefined, this.#message.compressed ? NOTHING : this.#message.take());
    }
    const message = block["grpc-message"];
    this.#fail(status, typeof message === "string" ? decodeGrpcMessage(message) : "", retryDelay(block["grpc-status-details-bin"]));
  }

  #fail(code: number, said: string, retryAfterMs: number | undefined, unprocessed = false): void {
    const retryable = isRetryableGrpc(code, retryAfterMs !== undefined);
    this.#finish(
      new PipelineError(`rpc to ${this.#url} failed: code = ${grpcName(code)} desc = ${said}`, {
        code: pipelineCodeOf(code),
        retryable,
        ...(retryable && retryAfterMs !== undefined ? { retryAfterMs } : {}),
      }),
      undefined,
      unprocessed,
    );
  }

  #finish(error: PipelineError | undefined, message: Buffer = NOTHING, unprocessed = false): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error, message, unprocessed);
  }
}

/** Node cancels the streams of a session that was lost; why it was lost is the cause of that, one error for each address tried. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return "the connection was closed before the answer";
  const cause = error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError && cause.message === "") return cause.errors.map((each) => (each as Error).message).join("; ");
  return cause.message;
}

/** RetryInfo in google.rpc.Status, base64 with or without padding. */
function retryDelay(details: string | string[] | undefined): number | undefined {
  if (typeof details !== "string") return undefined;
  try {
    return decodeStatus(Buffer.from(details, "base64")).retryDelayMs;
  } catch {
    return undefined;
  }
}
