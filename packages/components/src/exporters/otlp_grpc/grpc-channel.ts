import { messageOf, PipelineError, type Clock } from "@tidemark/core";
import { constants, type OutgoingHttpHeaders } from "node:http2";
import type { ConnectionOptions } from "node:tls";
import { NotConnected } from "../../transport/balancer.ts";
import { frameHead } from "../../transport/grpc-frame.ts";
import { lend, type RequestBody } from "../../transport/bodies/request-body.ts";
import { writeBody } from "../../transport/bodies/write-body.ts";
import type { KeepaliveSettings } from "./channel-ping.ts";
import { GrpcCall } from "./grpc-call.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import type { Target } from "./target.ts";

/** More calls than the far side lets into so many connections wait for one to end. */
const MAX_CONNECTIONS = 16;

/** What a channel is made from. */
export interface ChannelOptions {
  readonly target: Target;
  /** One address of the target's host; undefined: whichever the system finds. */
  readonly address: string | undefined;
  /** Asked for each new connection; undefined for plain text. */
  readonly tls: (() => ConnectionOptions) | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that change from call to call. */
  readonly callHeaders: (() => Readonly<Record<string, string>>) | undefined;
  readonly authority: string | undefined;
  readonly keepalive: KeepaliveSettings | undefined;
  readonly clock: Clock;
}

/** Calls to one server, over as many HTTP/2 sessions as its limit of streams asks for. Lost ones are made again when they are needed. */
export class GrpcChannel {
  readonly #options: ChannelOptions;
  readonly #url: string;
  readonly #headers: OutgoingHttpHeaders;
  readonly #connections: GrpcConnection[] = [];

  constructor(options: ChannelOptions) {
    const { target, tls, headers, authority } = options;
    const host = target.host.includes(":") ? `[${target.host}]` : target.host;
    this.#options = options;
    this.#url = `${tls === undefined ? "http" : "https"}://${host}:${target.port}`;
    this.#headers = {
      ":method": "POST",
      ...(authority === undefined ? {} : { ":authority": authority }),
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "tidemark",
      ...lowerCased(headers),
    };
  }

  /** One unary call. Resolves with the response message; rejects with a `PipelineError` that knows whether to retry. */
  async call(path: string, body: RequestBody, signal: AbortSignal): Promise<Buffer> {
    try {
      return await this.#attempt(path, body, signal);
    } catch (error) {
      // Refused by a connection that was about to go (GOAWAY): the far side has not begun with it, so use another at once.
      if (error instanceof Unprocessed && !signal.aborted) return this.#attempt(path, body, signal);
      throw error;
    }
  }

  /** Takes no more calls; connections close when the open ones are done. */
  drain(): void {
    for (const connection of this.#connections.slice()) connection.drain();
  }

  /** Cuts what is still open. */
  close(): void {
    for (const connection of this.#connections.slice()) connection.destroy();
  }

  #attempt(path: string, body: RequestBody, signal: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const connection = this.#roomiest();
      let stream;
      try {
        stream = connection.begin({ ...this.#headers, ...this.#headersOf(body), ":path": path });
      } catch (error) {
        connection.drain();
        return reject(new Unprocessed(`call to ${this.#url} could not begin: ${messageOf(error)}`));
      }
      const call = new GrpcCall(stream, this.#url, (error, message, unprocessed) => {
        connection.ended();
        signal.removeEventListener("abort", abort);
        if (error === undefined) resolve(message);
        else if (signal.aborted) reject(signal.reason as Error);
        else if (!connection.wasConnected) reject(new NotConnected(error.message));
        else reject(unprocessed ? new Unprocessed(error.message) : error);
      });
      const abort = (): void => {
        stream.close(constants.NGHTTP2_CANCEL);
        call.cancelled();
      };
      signal.addEventListener("abort", abort, { once: true });
      lend(body, stream);
      writeBody(stream, [frameHead(body.length, body.encoding !== ""), ...body.chunks], body.length + 5);
    });
  }

  #headersOf({ encoding }: RequestBody): OutgoingHttpHeaders {
    const { callHeaders } = this.#options;
    const own = callHeaders === undefined ? undefined : lowerCased(callHeaders());
    if (encoding === "") return own ?? {};
    return { ...own, "grpc-encoding": encoding, "grpc-accept-encoding": "identity" };
  }

  /** The first connection with room for a stream, else a new one, else the one with the fewest calls. */
  #roomiest(): GrpcConnection {
    let least: GrpcConnection | undefined;
    for (const connection of this.#connections) {
      if (!connection.isOpen) continue;
      if (connection.hasRoom) return connection;
      if (least === undefined || connection.openCalls < least.openCalls) least = connection;
    }
    return least === undefined || this.#connections.length < MAX_CONNECTIONS ? this.#connect() : least;
  }

  #connect(): GrpcConnection {
    const { address, tls, keepalive, clock } = this.#options;
    const streams = this.#connections.at(-1)?.streams ?? Number.POSITIVE_INFINITY;
    const settings = { url: this.#url, address, tls: tls?.(), keepalive, clock, streams };
    const connection: GrpcConnection = new GrpcConnection(settings, () => {
      const at = this.#connections.indexOf(connection);
      if (at >= 0) this.#connections.splice(at, 1);
    });
    this.#connections.push(connection);
    return connection;
  }
}

/** A retryable failure of a call that the far side has not begun with. */
class Unprocessed extends PipelineError {
  constructor(message: string) {
    super(message, { code: "unavailable", retryable: true });
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
