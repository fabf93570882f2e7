import type { Clock, Timer } from "@tidemark/core";
import type { LookupFunction } from "node:net";
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from "node:http2";
import type { ConnectionOptions } from "node:tls";
import { SESSION_OPTIONS, SESSION_WINDOW, STREAM_SETTINGS } from "../../transport/http2-settings.ts";
import { ChannelPing, type KeepaliveSettings } from "./channel-ping.ts";

/** gRPC's standard: a connection without calls is closed after half an hour. */
const IDLE_MS = 30 * 60_000;

/** What a connection is made from. */
export interface ConnectionSettings {
  readonly url: string;
  /** Connect to this address instead of asking for the URL's host. */
  readonly address: string | undefined;
  /** Undefined for plain text. */
  readonly tls: ConnectionOptions | undefined;
  readonly keepalive: KeepaliveSettings | undefined;
  readonly clock: Clock;
  /** Calls that the far side is expected to let run at a time, until it says so itself. */
  readonly streams: number;
}

/** One HTTP/2 session of a channel, from its making until it takes no more calls. */
export class GrpcConnection {
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  readonly #ping: ChannelPing | undefined;
  readonly #closed: () => void;
  #idleTimer: Timer | undefined;
  #lastUse: number;
  #openCalls = 0;
  /** Whether it ever came to be. */
  wasConnected = false;
  /** Calls that may run at a time. */
  streams: number;

  /** `closed` is called once, when no more calls can begin. */
  constructor({ url, address, tls, keepalive, clock, streams }: ConnectionSettings, closed: () => void) {
    this.#closed = closed;
    this.#clock = clock;
    this.streams = streams;
    this.#lastUse = clock.now();
    const place = address === undefined ? {} : { lookup: lookupOf(address) };
    const session = connect(url, { ...SESSION_OPTIONS, settings: STREAM_SETTINGS, ...place, ...tls });
    this.#session = session;
    session.once("connect", () => {
      this.wasConnected = true;
      session.setLocalWindowSize(SESSION_WINDOW);
    });
    session.on("remoteSettings", ({ maxConcurrentStreams }) => (this.streams = maxConcurrentStreams ?? Number.POSITIVE_INFINITY));
    // Calls learn of it through their streams; the next call connects again.
    session.on("error", () => this.#end());
    session.once("close", () => this.#end());
    session.once("goaway", () => this.drain());
    this.#ping = keepalive === undefined ? undefined : new ChannelPing(session, keepalive, clock, () => this.#openCalls > 0);
    this.#watchIdle(IDLE_MS);
  }

  get openCalls(): number {
    return this.#openCalls;
  }

  /** Whether the far side lets another call begin at once. */
  get hasRoom(): boolean {
    return this.#openCalls < this.streams;
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** @throws Error when the session has just gone. */
  begin(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers);
    this.#openCalls += 1;
    return stream;
  }

  ended(): void {
    this.#openCalls -= 1;
    this.#lastUse = this.#clock.now();
  }

  /** Takes no more calls, and closes when the open ones are done. */
  drain(): void {
    this.#end();
    this.#session.close();
  }

  destroy(): void {
    this.#end();
    this.#session.destroy();
  }

  /** One timer at a time, however many calls there are. */
  #watchIdle(wait: number): void {
    this.#idleTimer = this.#clock.setTimeout(() => {
      const left = this.#openCalls > 0 ? IDLE_MS : this.#lastUse + IDLE_MS - this.#clock.now();
      if (left <= 0) this.drain();
      else this.#watchIdle(left);
    }, wait);
  }

  #end(): void {
    this.#ping?.stop();
    this.#idleTimer?.cancel();
    this.#closed();
  }
}

/** Answers with the one address, so that the host's name stays what TLS checks and `:authority` says. */
function lookupOf(address: string): LookupFunction {
  const family = address.includes(":") ? 6 : 4;
  return (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}
