import type { ComponentContext } from "@tidemark/core";
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";
import { listen, parseListenAddress } from "../../transport/listen.ts";
import { SESSION_OPTIONS, STREAM_SETTINGS } from "../../transport/http2-settings.ts";
import type { ServerTlsConfig } from "../../transport/tls-fields.ts";
import { TlsSource } from "../../transport/tls-source.ts";
import { Door } from "./door.ts";
import { GrpcExchange } from "./grpc-exchange.ts";
import type { GrpcConfig } from "./grpc-fields.ts";
import type { GrpcParts } from "./grpc-parts.ts";
import { Http2Sessions } from "./http2-sessions.ts";
import { HealthService } from "./health-service.ts";
import type { Intake } from "./intake.ts";
import { OpenCalls } from "./open-calls.ts";

/** More than any exporter uses; one connection must not take all the calls that may be open. */
const USUAL_CONCURRENT_STREAMS = 1024;

/** OTLP over gRPC (unary calls) on node:http2. */
export class GrpcServer {
  readonly #parts: GrpcParts;
  readonly #context: ComponentContext;
  readonly #sessions: Http2Sessions;
  readonly #health: HealthService;
  #tls: TlsSource<TlsOptions> | undefined;
  #server: Http2Server | undefined;

  constructor(config: GrpcConfig, intake: Intake, context: ComponentContext) {
    this.#context = context;
    this.#sessions = new Http2Sessions(config.keepalive, context.clock);
    this.#parts = {
      config,
      maxMessageBytes: config.max_recv_msg_size_mib * (1 << 20),
      intake,
      open: new OpenCalls(config.read_timeout, context.clock),
      door: undefined,
      now: () => context.clock.now(),
    };
    this.#health = new HealthService(context, this.#parts.open);
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { config } = this.#parts;
    this.#parts.door = Door.open(config, this.#context);
    const settings = {
      ...STREAM_SETTINGS,
      maxConcurrentStreams: config.max_concurrent_streams || USUAL_CONCURRENT_STREAMS,
    };
    const options = { ...SESSION_OPTIONS, settings };
    const server = config.tls === undefined ? createServer(options) : await this.#createSecure(options, config.tls);
    server.on("session", (session) => this.#sessions.add(session));
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const connection = this.#sessions.called(stream.session as ServerHttp2Session | undefined);
      if (connection === undefined) return;
      if (HealthService.answers(headers)) this.#health.begin(stream, headers);
      else new GrpcExchange(this.#parts, connection, stream, headers).begin();
    });
    // What breaks a connection is the client's affair: it is closed and nothing else happens.
    server.on("sessionError", (error) => this.#context.log.debug("gRPC connection failed", { error: error.message }));
    server.on("tlsClientError", (error) => this.#context.log.debug("TLS handshake failed", { error: error.message }));
    if (config.max_connections > 0) server.maxConnections = config.max_connections;
    this.#server = server;
    const address = parseListenAddress(config.endpoint, config.transport);
    if (address === undefined) throw new Error(`"${config.endpoint}" is not an endpoint`);
    await listen(server, address, config.endpoint);
    server.on("error", (error) => this.#context.log.error("gRPC server error", { endpoint: config.endpoint, error: error.message }));
    this.#parts.open.start();
    this.#context.log.info("Starting GRPC server", { endpoint: config.endpoint });
  }

  /** GOAWAY to everybody; resolves when the last connection is closed: after the open calls were answered, or at the deadline. */
  shutdown(deadline: AbortSignal): Promise<void> {
    this.#parts.open.stop();
    this.#health.shutdown();
    this.#tls?.close();
    const server = this.#server;
    if (server === undefined || !server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const cut = (): void => this.#sessions.destroy();
      server.close(() => {
        deadline.removeEventListener("abort", cut);
        resolve();
      });
      this.#sessions.close();
      if (deadline.aborted) cut();
      else deadline.addEventListener("abort", cut, { once: true });
    });
  }

  async #createSecure(options: ServerOptions, tls: ServerTlsConfig): Promise<Http2SecureServer> {
    this.#tls = await TlsSource.server(tls, this.#context);
    const server = createSecureServer({ ...options, ...this.#tls.current });
    this.#tls.onChange((fresh) => server.setSecureContext(fresh));
    return server;
  }
}
