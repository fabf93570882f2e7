import { PipelineError, type Clock } from "@tidemark/core";
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from "node:http2";
import type { ConnectionOptions } from "node:tls";
import { frameHead } from "../../transport/grpc-frame.ts";
import { SESSION_OPTIONS, SESSION_WINDOW, STREAM_SETTINGS } from "../../transport/http2-settings.ts";
import type { RequestBody } from "../../transport/request-body.ts";
import { writeBody } from "../../transport/write-body.ts";
import { GrpcCall } from "./grpc-call.ts";
import { ChannelPing, type KeepaliveSettings } from "./channel-ping.ts";
import type { Target } from "./target.ts";

/** What a channel is made from. */
export interface ChannelOptions {
  readonly target: Target;
  /** Undefined for plain text. */
  readonly tls: ConnectionOptions | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly authority: string | undefined;
  readonly encoding: RequestBody["encoding"];
  readonly keepalive: KeepaliveSettings | undefined;
  readonly clock: Clock;
}

/** Calls to one server over one HTTP/2 session, which is made again after it was lost. */
export class GrpcChannel {
  readonly #options: ChannelOptions;
  readonly #url: string;
  readonly #headers: OutgoingHttpHeaders;
  #session: ClientHttp2Session | undefined;
  #ping: ChannelPing | undefined;
  #openCalls = 0;

  constructor(options: ChannelOptions) {
    const { target, tls, headers, authority, encoding } = options;
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    this.#options = options;
    this.#url = `${tls === undefined ? "http" : "https"}://${host}:${target.port}`;
    this.#headers = {
      ":method": "POST",
      ...(authority === undefined ? {} : { ":authority": authority }),
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "tidemark",
      ...(encoding === "" ? {} : { "grpc-encoding": encoding, "grpc-accept-encoding": "identity" }),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    };
  }

  /** One unary call. Resolves with the response message; rejects with a `PipelineError` that knows whether to retry. */
  call(path: string, body: RequestBody, signal: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const session = this.#connected();
      let stream;
      try {
        stream = session.request({ ...this.#headers, ":path": path });
      } catch (error) {
        this.#forget(session);
        return reject(
          PipelineError.unavailable(`call to ${this.#url} could not begin: ${error instanceof Error ? error.message : String(error)}`),
        );
      }
      this.#openCalls += 1;
      const call = new GrpcCall(stream, this.#url, (error, message) => {
        this.#openCalls -= 1;
        signal.removeEventListener("abort", abort);
        if (error === undefined) resolve(message);
        else reject(signal.aborted ? (signal.reason as Error) : error);
      });
      const abort = (): void => {
        stream.close(constants.NGHTTP2_CANCEL);
        call.cancelled();
      };
      signal.addEventListener("abort", abort, { once: true });
      writeBody(stream, [frameHead(body.length, body.encoding !== ""), ...body.chunks], body.length + 5);
    });
  }

  /** Cuts what is still open. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
    this.#ping?.stop();
  }

  #connected(): ClientHttp2Session {
    const open = this.#session;
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const { tls, keepalive, clock } = this.#options;
    const session = connect(this.#url, { ...SESSION_OPTIONS, settings: STREAM_SETTINGS, ...tls });
    session.once("connect", () => session.setLocalWindowSize(SESSION_WINDOW));
    // Calls learn of it through their streams; the next call connects again.
    session.on("error", () => this.#forget(session));
    session.once("close", () => this.#forget(session));
    session.once("goaway", () => {
      this.#forget(session);
      session.close();
    });
    this.#session = session;
    this.#ping?.stop();
    this.#ping = keepalive === undefined ? undefined : new ChannelPing(session, keepalive, clock, () => this.#openCalls > 0);
    return session;
  }

  #forget(session: ClientHttp2Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#ping?.stop();
    this.#ping = undefined;
  }
}
