import type { ComponentContext } from "@tidemark/core";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { listen, parseListenAddress } from "../../transport/listen.ts";
import type { ServerTlsConfig } from "../../transport/tls/tls-fields.ts";
import { TlsDoor } from "../../transport/tls/tls-door.ts";
import { TlsMismatches } from "../../transport/tls/tls-mismatches.ts";
import { TlsSource } from "../../transport/tls/tls-source.ts";
import { Door } from "./door.ts";
import { GrpcExchange } from "./grpc-exchange.ts";
import type { GrpcConfig } from "./grpc-fields.ts";
import type { GrpcParts } from "./grpc-parts.ts";
import { HealthService } from "./health-service.ts";
import { Http2Connections } from "./http2-connections.ts";
import type { Intake } from "./intake.ts";
import { OpenCalls } from "./open-calls.ts";

/** More than any exporter uses; one connection must not take all the calls that may be open. */
const USUAL_CONCURRENT_STREAMS = 1024;

/** Answers are short: they must not wait for more. */
const SOCKET_OPTIONS = { noDelay: true } as const;

/** OTLP over gRPC (unary calls). */
export class GrpcServer {
  readonly #parts: GrpcParts;
  readonly #context: ComponentContext;
  readonly #connections: Http2Connections;
  readonly #health: HealthService;
  readonly #mismatches: TlsMismatches;
  #tls: TlsSource<TlsOptions> | undefined;
  #tlsDoor: TlsDoor | undefined;
  #server: Server | undefined;

  constructor(config: GrpcConfig, intake: Intake, context: ComponentContext) {
    this.#context = context;
    this.#parts = {
      config,
      maxMessageBytes: config.max_recv_msg_size_mib * (1 << 20),
      intake,
      open: new OpenCalls(config.read_timeout, context.clock),
      door: undefined,
      now: () => context.clock.now(),
    };
    this.#mismatches = new TlsMismatches(config.endpoint, context);
    this.#health = new HealthService(context, this.#parts.open);
    this.#connections = new Http2Connections(
      {
        keepalive: config.keepalive,
        mismatches: this.#mismatches,
        maxConcurrentStreams: config.max_concurrent_streams || USUAL_CONCURRENT_STREAMS,
        onRequest: (client, stream, head) => {
          if (HealthService.answers(head)) this.#health.begin(stream, head);
          else new GrpcExchange(this.#parts, client, stream, head).begin();
        },
      },
      context,
    );
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { config } = this.#parts;
    this.#parts.door = Door.open(config, this.#context);
    const accept = (socket: Socket): void => this.#connections.add(socket);
    const server = config.tls === undefined ? createServer(SOCKET_OPTIONS, accept) : await this.#createSecure(config.tls);
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
      const cut = (): void => {
        this.#connections.destroy();
        this.#tlsDoor?.destroy();
      };
      server.close(() => {
        deadline.removeEventListener("abort", cut);
        resolve();
      });
      this.#connections.close();
      this.#tlsDoor?.close();
      if (deadline.aborted) cut();
      else deadline.addEventListener("abort", cut, { once: true });
    });
  }

  async #createSecure(tls: ServerTlsConfig): Promise<Server> {
    this.#tls = await TlsSource.server(tls, this.#context);
    // A client that says nothing in ALPN is believed to speak HTTP/2: its first bytes show it.
    const server = createTlsServer({ ...SOCKET_OPTIONS, ...this.#tls.current, ALPNProtocols: ["h2"] }, (socket) =>
      this.#connections.add(socket),
    );
    server.on("tlsClientError", (error) => this.#context.log.debug("TLS handshake failed", { error: error.message }));
    this.#tlsDoor = new TlsDoor(server, this.#mismatches, this.#context.clock);
    this.#tls.onChange((fresh) => server.setSecureContext(fresh));
    return server;
  }
}
