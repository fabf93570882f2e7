import type { ComponentContext } from "@tidemark/core";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { listen, parseListenAddress } from "../../transport/listen.ts";
import { loadServerTls } from "../../transport/tls.ts";
import { Cors } from "./cors.ts";
import { HttpExchange } from "./http-exchange.ts";
import type { HttpConfig } from "./http-fields.ts";
import type { HttpParts } from "./http-parts.ts";
import type { Intake } from "./intake.ts";

/** OTLP over HTTP/1.1 on node:http. */
export class HttpServer {
  readonly #parts: HttpParts;
  readonly #context: ComponentContext;
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
      closing: !config.keep_alives_enabled,
    };
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { config } = this.#parts;
    const options = {
      headersTimeout: config.read_header_timeout,
      requestTimeout: config.read_timeout,
      keepAliveTimeout: config.idle_timeout,
      connectionsCheckingInterval: checkInterval(config),
    };
    const server = config.tls === undefined ? createServer(options) : createTlsServer({ ...options, ...(await loadServerTls(config.tls)) });
    const handle = (request: IncomingMessage, response: ServerResponse): void => new HttpExchange(this.#parts, request, response).begin();
    server.on("request", handle);
    // Clients that ask before they send a large body get their refusal without sending it.
    server.on("checkContinue", handle);
    server.timeout = config.write_timeout;
    this.#server = server;
    const address = parseListenAddress(config.endpoint, config.transport);
    if (address === undefined) throw new Error(`"${config.endpoint}" is not an endpoint`);
    await listen(server, address, config.endpoint);
    server.on("error", (error) => this.#context.log.error("HTTP server error", { endpoint: config.endpoint, error: error.message }));
    this.#context.log.info("Starting HTTP server", { endpoint: config.endpoint });
  }

  /** Resolves when the last connection is closed: after the open requests were answered, or at the deadline. */
  shutdown(deadline: AbortSignal): Promise<void> {
    const server = this.#server;
    if (server === undefined || !server.listening) return Promise.resolve();
    this.#parts.closing = true;
    return new Promise((resolve) => {
      const cut = (): void => server.closeAllConnections();
      server.close(() => {
        deadline.removeEventListener("abort", cut);
        resolve();
      });
      if (deadline.aborted) cut();
      else deadline.addEventListener("abort", cut, { once: true });
    });
  }
}

/** Node looks for late requests at this interval: often enough for the shortest limit. */
function checkInterval({ read_header_timeout: headers, read_timeout: whole }: HttpConfig): number {
  const shortest = Math.min(headers || Number.POSITIVE_INFINITY, whole || Number.POSITIVE_INFINITY);
  return Math.max(50, Math.min(5000, shortest / 2));
}
