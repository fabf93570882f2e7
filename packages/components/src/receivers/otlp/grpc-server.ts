import type { ComponentContext, Timer } from "@tidemark/core";
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { listen, parseListenAddress } from "../../transport/listen.ts";
import { SESSION_OPTIONS, SESSION_WINDOW, STREAM_SETTINGS } from "../../transport/http2-settings.ts";
import { loadServerTls } from "../../transport/tls.ts";
import { GrpcExchange } from "./grpc-exchange.ts";
import type { GrpcConfig } from "./grpc-fields.ts";
import type { GrpcParts } from "./grpc-parts.ts";
import type { Intake } from "./intake.ts";
import { SessionKeeper } from "./session-keeper.ts";

/** More than any exporter uses; one connection must not take all the calls that may be open. */
const USUAL_CONCURRENT_STREAMS = 1024;

/** OTLP over gRPC (unary calls) on node:http2. */
export class GrpcServer {
  readonly #parts: GrpcParts;
  readonly #context: ComponentContext;
  readonly #sessions = new Map<ServerHttp2Session, SessionKeeper>();
  #server: Http2Server | undefined;
  #sweep: Timer | undefined;

  constructor(config: GrpcConfig, intake: Intake, context: ComponentContext) {
    this.#context = context;
    this.#parts = {
      config,
      maxMessageBytes: config.max_recv_msg_size_mib * (1 << 20),
      intake,
      open: new Set(),
      now: () => context.clock.now(),
    };
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { config } = this.#parts;
    const settings = {
      ...STREAM_SETTINGS,
      maxConcurrentStreams: config.max_concurrent_streams || USUAL_CONCURRENT_STREAMS,
    };
    const options = { ...SESSION_OPTIONS, settings };
    const server =
      config.tls === undefined ? createServer(options) : createSecureServer({ ...options, ...(await loadServerTls(config.tls)) });
    server.on("session", (session) => this.#onSession(session));
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.#sessions.get(stream.session as ServerHttp2Session)?.called();
      new GrpcExchange(this.#parts, stream, headers).begin();
    });
    // What breaks a connection is the client's affair: it is closed and nothing else happens.
    server.on("sessionError", (error) => this.#context.log.debug("gRPC connection failed", { error: error.message }));
    server.on("tlsClientError", (error) => this.#context.log.debug("TLS handshake failed", { error: error.message }));
    this.#server = server;
    const address = parseListenAddress(config.endpoint, config.transport);
    if (address === undefined) throw new Error(`"${config.endpoint}" is not an endpoint`);
    await listen(server, address, config.endpoint);
    server.on("error", (error) => this.#context.log.error("gRPC server error", { endpoint: config.endpoint, error: error.message }));
    if (config.read_timeout > 0) this.#scheduleSweep();
    this.#context.log.info("Starting GRPC server", { endpoint: config.endpoint });
  }

  /** GOAWAY to everybody; resolves when the last connection is closed: after the open calls were answered, or at the deadline. */
  shutdown(deadline: AbortSignal): Promise<void> {
    this.#sweep?.cancel();
    const server = this.#server;
    if (server === undefined || !server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const cut = (): void => {
        for (const session of this.#sessions.keys()) session.destroy();
      };
      server.close(() => {
        deadline.removeEventListener("abort", cut);
        resolve();
      });
      for (const session of this.#sessions.keys()) session.close();
      if (deadline.aborted) cut();
      else deadline.addEventListener("abort", cut, { once: true });
    });
  }

  #onSession(session: ServerHttp2Session): void {
    session.setLocalWindowSize(SESSION_WINDOW);
    session.on("error", ignore);
    const keeper = new SessionKeeper(session, this.#parts.config.keepalive, this.#context.clock);
    this.#sessions.set(session, keeper);
    session.once("close", () => {
      keeper.stop();
      this.#sessions.delete(session);
    });
  }

  /** One timer for all calls: a message may take up to a quarter longer than read_timeout. */
  #scheduleSweep(): void {
    const { config, open, now } = this.#parts;
    this.#sweep = this.#context.clock.setTimeout(() => {
      const oldest = now() - config.read_timeout;
      for (const exchange of open) {
        if (exchange.startedAt > oldest) break;
        exchange.expire(oldest);
      }
      this.#scheduleSweep();
    }, config.read_timeout / 4);
  }
}

function ignore(): void {}
