import type { Clock, Timer } from "@tidemark/core";
import type { ClientHttp2Session } from "node:http2";

/** `keepalive` of a client; times in milliseconds. */
export interface KeepaliveSettings {
  readonly time: number;
  readonly timeout: number;
  readonly permit_without_stream: boolean;
}

/** grpc-go never pings more often than this, because servers send such clients away. */
const MIN_TIME_MS = 10_000;

/** Pings a session, and destroys it when no answer comes: its calls fail and are sent again over a new one. */
export class ChannelPing {
  readonly #session: ClientHttp2Session;
  readonly #settings: KeepaliveSettings;
  readonly #clock: Clock;
  readonly #isBusy: () => boolean;
  #timer: Timer | undefined;

  constructor(session: ClientHttp2Session, settings: KeepaliveSettings, clock: Clock, isBusy: () => boolean) {
    this.#isBusy = isBusy;
    this.#session = session;
    this.#settings = settings;
    this.#clock = clock;
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => this.#ping(), Math.max(MIN_TIME_MS, this.#settings.time));
  }

  #ping(): void {
    const session = this.#session;
    if (session.closed || session.destroyed) return;
    if (session.connecting || !(this.#settings.permit_without_stream || this.#isBusy())) return this.#schedule();
    const timeout = this.#clock.setTimeout(() => session.destroy(new Error("a keepalive ping was not answered")), this.#settings.timeout);
    this.#timer = timeout;
    session.ping(() => {
      timeout.cancel();
      if (!session.closed && !session.destroyed) this.#schedule();
    });
  }
}
