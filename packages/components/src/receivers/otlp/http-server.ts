import type { ComponentContext } from "@tidemark/core";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions, TLSSocket } from "node:tls";
import { listen, parseListenAddress } from "../../transport/listen.ts";
import { sniffHttp2 } from "../../transport/http2-sniffer.ts";
import type { ServerTlsConfig } from "../../transport/tls/tls-fields.ts";
import { TlsDoor } from "../../transport/tls/tls-door.ts";
import { isTlsHello, TlsMismatches } from "../../transport/tls/tls-mismatches.ts";
import { TlsSource } from "../../transport/tls/tls-source.ts";
import { ClientConnection } from "./client-connection.ts";
import { Cors } from "./cors.ts";
import { Door } from "./door.ts";
import { Http2Connections } from "./http2-connections.ts";
import { Http2Request, Http2Response } from "./http2-request.ts";
import { HttpExchange } from "./http-exchange.ts";
import type { HttpConfig } from "./http-fields.ts";
import { brokenRequestAnswer } from "./http-messages.ts";
import type { HttpParts } from "./http-parts.ts";
import type { Intake } from "./intake.ts";
import { OpenCalls } from "./open-calls.ts";
import type { KeepaliveConfig } from "./connection-keeper.ts";

/** Time for a client to read the answer to a broken request. */
const LAST_WORDS_MS = 1000;

/**
 * OTLP over HTTP/1.1 and HTTP/2 on one port. node:http owns the port; connections that begin with the preface of HTTP/2, or chose it in
 * the TLS handshake (ALPN), are handed on. After its first bytes a connection of HTTP/1.1 runs as if nothing stood before it.
 */
export class HttpServer {
  readonly #parts: HttpParts;
  readonly #context: ComponentContext;
  readonly #connections = new Map<Socket, ClientConnection>();
  readonly #http2: Http2Connections;
  readonly #mismatches: TlsMismatches;
  #tls: TlsSource<TlsOptions> | undefined;
  #tlsDoor: TlsDoor | undefined;
  #server: Server | undefined;

  constructor(config: HttpConfig, intake: Intake, context: ComponentContext) {
    const responseHeaders = Object.entries(config.response_headers);
    this.#context = context;
    this.#parts = {
      config,
      intake,
      routes: new Map([
        [config.traces_url_path, "traces"],
        [config.metrics_url_path, "metrics"],
        [config.logs_url_path, "logs"],
      ]),
      encodings: new Set(config.compression_algorithms),
      cors: config.cors === undefined ? undefined : new Cors(config.cors),
      responseHeaders: responseHeaders.length === 0 ? undefined : responseHeaders,
      open: new OpenCalls(config.read_timeout, context.clock),
      now: () => context.clock.now(),
      door: undefined,
      closing: !config.keep_alives_enabled,
    };
    this.#mismatches = new TlsMismatches(config.endpoint, context);
    this.#http2 = new Http2Connections(
      {
        keepalive: keepaliveOf(config),
        mismatches: this.#mismatches,
        maxConcurrentStreams: config.max_concurrent_streams,
        onRequest: (client, stream, head) =>
          new HttpExchange(this.#parts, client, new Http2Request(stream, head), new Http2Response(stream), stream).begin(),
      },
      context,
    );
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { config } = this.#parts;
    const address = parseListenAddress(config.endpoint, config.transport);
    if (address === undefined) throw new Error(`"${config.endpoint}" is not an endpoint`);
    this.#parts.door = Door.open(config, this.#context);
    const server = await this.#createServer();
    this.#server = server;
    await listen(server, address, config.endpoint);
    this.#parts.open.start();
    server.on("error", (error) => this.#context.log.error("HTTP server error", { endpoint: config.endpoint, error: error.message }));
    this.#context.log.info("Starting HTTP server", { endpoint: config.endpoint });
  }

  /** Resolves when the last connection is closed: after the open requests were answered, or at the deadline. */
  shutdown(deadline: AbortSignal): Promise<void> {
    this.#parts.open.stop();
    this.#tls?.close();
    const server = this.#server;
    if (server === undefined || !server.listening) return Promise.resolve();
    this.#parts.closing = true;
    return new Promise((resolve) => {
      const cut = (): void => {
        for (const socket of this.#connections.keys()) socket.destroy();
        this.#http2.destroy();
        this.#tlsDoor?.destroy();
        server.closeAllConnections();
      };
      server.close(() => {
        deadline.removeEventListener("abort", cut);
        resolve();
      });
      this.#http2.close();
      this.#tlsDoor?.close();
      if (deadline.aborted) cut();
      else deadline.addEventListener("abort", cut, { once: true });
    });
  }

  async #createServer(): Promise<Server> {
    const { config } = this.#parts;
    const options = {
      // Node starts no server whose headers may take longer than the whole.
      headersTimeout: Math.min(config.read_header_timeout, config.read_timeout || Number.POSITIVE_INFINITY),
      requestTimeout: config.read_timeout,
      keepAliveTimeout: config.idle_timeout,
      connectionsCheckingInterval: checkInterval(config),
    };
    const server = config.tls === undefined ? createServer(options) : await this.#createSecure(options, config.tls);
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      const connection = this.#connections.get(request.socket);
      if (connection !== undefined) new HttpExchange(this.#parts, connection, request, response, undefined).begin();
    };
    server.on("request", handle);
    // Clients that ask before they send a large body get their refusal without sending it.
    server.on("checkContinue", handle);
    server.on("clientError", (error, socket) => this.#onBroken(error, socket as Socket));
    server.timeout = config.write_timeout;
    if (config.max_connections > 0) server.maxConnections = config.max_connections;
    this.#standBefore(server, config.tls === undefined ? "connection" : "secureConnection");
    return server;
  }

  async #createSecure(options: ServerOptions, tls: ServerTlsConfig): Promise<TlsServer> {
    this.#tls = await TlsSource.server(tls, this.#context);
    const server = createTlsServer({ ...options, ...this.#tls.current, ALPNProtocols: ["h2", "http/1.1"] });
    this.#tlsDoor = new TlsDoor(server, this.#mismatches, this.#context.clock);
    this.#tls.onChange((fresh) => server.setSecureContext(fresh));
    return server;
  }

  /** Looks at each connection before Node's own listener, which then gets those of HTTP/1.1. */
  #standBefore(server: Server, event: "connection" | "secureConnection"): void {
    const [http1] = server.listeners(event) as ((this: Server, socket: Socket) => void)[];
    server.removeAllListeners(event);
    const hand = (socket: Socket, isHttp2: boolean): void => {
      if (isHttp2) {
        this.#http2.add(socket);
        socket.resume();
        return;
      }
      http1?.call(server, socket);
      socket.resume();
    };
    server.on(event, (socket: Socket) => {
      this.#onConnection(socket);
      if (event === "connection") sniffHttp2(socket, this.#parts.config.read_header_timeout, (isHttp2) => hand(socket, isHttp2));
      else hand(socket, (socket as TLSSocket).alpnProtocol === "h2");
    });
  }

  #onConnection(socket: Socket): void {
    const connection = new ClientConnection(socket.remoteAddress);
    this.#connections.set(socket, connection);
    const { max_connection_age: age } = this.#parts.config;
    const timer = age === 0 ? undefined : this.#context.clock.setTimeout(() => (connection.retired = true), age);
    socket.once("close", () => {
      timer?.cancel();
      this.#connections.delete(socket);
    });
  }

  /** Bytes that are no request, or a request that does not come to its end: the answer is a google.rpc.Status too. */
  #onBroken(error: Error & { code?: string; rawPacket?: Buffer }, socket: Socket): void {
    if (this.#tls === undefined && error.rawPacket !== undefined && isTlsHello(error.rawPacket)) this.#mismatches.tlsAtPlainPort(socket);
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    const json = this.#connections.get(socket)?.protobuf !== true;
    socket.end(brokenRequestAnswer(error, json), () => socket.destroy());
    socket.setTimeout(LAST_WORDS_MS, () => socket.destroy());
  }
}

/** The limits of HTTP/1.1 connections, for those of HTTP/2. */
function keepaliveOf({ idle_timeout, max_connection_age }: HttpConfig): KeepaliveConfig {
  return {
    server_parameters: {
      max_connection_idle: idle_timeout,
      max_connection_age,
      max_connection_age_grace: 0,
      time: 0,
      timeout: 0,
    },
    enforcement_policy: { min_time: 1000, permit_without_stream: true },
  };
}

/** Node looks for late requests at this interval: often enough for the shortest limit. */
function checkInterval({ read_header_timeout: headers, read_timeout: whole }: HttpConfig): number {
  const shortest = Math.min(headers || Number.POSITIVE_INFINITY, whole || Number.POSITIVE_INFINITY);
  return Math.max(50, Math.min(5000, shortest / 2));
}
