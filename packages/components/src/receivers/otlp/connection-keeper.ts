import type { Clock, Timer } from "@tidemark/core";
import type { Connection } from "../../transport/http2/connection.ts";
import { ERROR } from "../../transport/http2/frame.ts";
import { ClientConnection } from "./client-connection.ts";

/** Times in milliseconds; 0: never. */
export interface KeepaliveConfig {
  readonly server_parameters: {
    readonly max_connection_idle: number;
    readonly max_connection_age: number;
    readonly max_connection_age_grace: number;
    readonly time: number;
    readonly timeout: number;
  };
  readonly enforcement_policy: { readonly min_time: number; readonly permit_without_stream: boolean };
}

/** grpc-go forgives this many pings that come too early. */
const MAX_PING_STRIKES = 2;
/** A client that goes on after it was sent away: this many pings later its connection is cut, open calls or not. */
const PING_FLOOD = 100;
/** Time for a new connection to say that it speaks HTTP/2. */
const HANDSHAKE_MS = 20_000;
/** grpc-go's interval for pings between calls where `permit_without_stream` is off. */
const IDLE_PING_MS = 2 * 60 * 60 * 1000;

/** Keeps one HTTP/2 connection alive, young and calm: `keepalive` of the gRPC server. */
export class ConnectionKeeper {
  readonly client: ClientConnection;
  readonly #connection: Connection;
  readonly #config: KeepaliveConfig;
  readonly #clock: Clock;
  #ping: Timer | undefined;
  #age: Timer | undefined;
  #idle: Timer | undefined;
  readonly #handshake: Timer;
  #lastCall: number;
  #lastPing = Number.NEGATIVE_INFINITY;
  #calledSincePing = true;
  #strikes = 0;

  constructor(connection: Connection, config: KeepaliveConfig, clock: Clock) {
    this.#connection = connection;
    this.client = new ClientConnection(connection.socket.remoteAddress);
    this.#config = config;
    this.#clock = clock;
    this.#lastCall = clock.now();
    const { time, max_connection_age: age, max_connection_idle: idle } = config.server_parameters;
    this.#handshake = clock.setTimeout(() => {
      if (!connection.isReady) connection.destroy();
    }, HANDSHAKE_MS);
    if (time > 0) this.#schedulePing(time);
    if (age > 0) this.#age = clock.setTimeout(() => this.#retire(), age);
    if (idle > 0) this.#scheduleIdle(idle);
  }

  /** A call has begun. */
  called(): void {
    this.#strikes = 0;
    this.#calledSincePing = true;
    if (this.#idle !== undefined) this.#lastCall = this.#clock.now();
  }

  /** The client has sent a PING. */
  pinged(): void {
    const { min_time, permit_without_stream } = this.#config.enforcement_policy;
    const now = this.#clock.now();
    const interval = now - this.#lastPing;
    const shortest = permit_without_stream || this.#calledSincePing ? min_time : IDLE_PING_MS;
    this.#lastPing = now;
    this.#calledSincePing = false;
    if (interval >= shortest) return;
    this.#strikes += 1;
    if (this.#strikes > PING_FLOOD) return this.#connection.destroy();
    if (this.#strikes !== MAX_PING_STRIKES + 1) return;
    this.#connection.sendAway(ERROR.ENHANCE_YOUR_CALM, "too_many_pings");
  }

  stop(): void {
    this.#handshake.cancel();
    this.#ping?.cancel();
    this.#age?.cancel();
    this.#idle?.cancel();
  }

  #schedulePing(time: number): void {
    this.#ping = this.#clock.setTimeout(() => {
      const timeout = this.#clock.setTimeout(() => this.#connection.destroy(), this.#config.server_parameters.timeout);
      this.#ping = timeout;
      const sent = this.#connection.ping(() => {
        timeout.cancel();
        if (!this.#connection.isClosing) this.#schedulePing(time);
      });
      if (!sent) timeout.cancel();
    }, time);
  }

  #scheduleIdle(idle: number): void {
    this.#idle = this.#clock.setTimeout(
      () => {
        if (this.#clock.now() - this.#lastCall >= idle) this.#connection.close();
        else this.#scheduleIdle(idle);
      },
      Math.max(1, this.#lastCall + idle - this.#clock.now()),
    );
  }

  #retire(): void {
    const grace = this.#config.server_parameters.max_connection_age_grace;
    if (grace > 0) this.#age = this.#clock.setTimeout(() => this.#connection.destroy(), grace);
    this.#connection.close();
  }
}
