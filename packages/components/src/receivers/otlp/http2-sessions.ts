import type { Clock } from "@tidemark/core";
import type { ServerHttp2Session } from "node:http2";
import { SESSION_WINDOW } from "../../transport/http2-settings.ts";
import type { ClientConnection } from "./client-connection.ts";
import { SessionKeeper, type KeepaliveConfig } from "./session-keeper.ts";

/** The HTTP/2 connections of one server. */
export class Http2Sessions {
  readonly #keepers = new Map<ServerHttp2Session, SessionKeeper>();
  readonly #config: KeepaliveConfig;
  readonly #clock: Clock;

  constructor(config: KeepaliveConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  add(session: ServerHttp2Session): void {
    session.setLocalWindowSize(SESSION_WINDOW);
    session.on("error", ignore);
    const keeper = new SessionKeeper(session, this.#config, this.#clock);
    this.#keepers.set(session, keeper);
    session.once("close", () => {
      keeper.stop();
      this.#keepers.delete(session);
    });
  }

  /** The connection on which a request has begun; undefined when it is gone already. */
  called(session: ServerHttp2Session | undefined): ClientConnection | undefined {
    const keeper = session === undefined ? undefined : this.#keepers.get(session);
    keeper?.called();
    return keeper?.connection;
  }

  /** GOAWAY to everybody; open requests may end. */
  close(): void {
    for (const session of this.#keepers.keys()) session.close();
  }

  destroy(): void {
    for (const session of this.#keepers.keys()) session.destroy();
  }
}

function ignore(): void {}
