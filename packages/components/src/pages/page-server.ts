import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Logger } from "@tidemark/core";
import { listen, parseListenAddress, type ListenAddress } from "../transport/listen.ts";
import type { ServerTlsConfig } from "../transport/tls-fields.ts";
import { loadServerTls } from "../transport/tls.ts";

/** A request without its body, which no page reads. */
export interface PageRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** A whole answer. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a page server is made from. */
export interface PageServerOptions {
  /** `host:port`, as in the configuration. */
  readonly endpoint: string;
  readonly tls?: ServerTlsConfig | undefined;
  readonly log: Logger;
  readonly answer: (request: PageRequest) => Page | Promise<Page>;
}

/** Serves small pages over HTTP/1.1: health, books, commands. Bodies of requests are thrown away. */
export class PageServer {
  readonly #options: PageServerOptions;
  readonly #address: ListenAddress;
  #server: Server | undefined;
  #isClosing = false;

  /** @throws Error when the endpoint is none. */
  constructor(options: PageServerOptions) {
    const address = parseListenAddress(options.endpoint, "tcp");
    if (address === undefined) throw new Error(`endpoint "${options.endpoint}" is not host:port`);
    this.#options = options;
    this.#address = address;
  }

  /** Rejects with the endpoint in the message when it cannot listen there. */
  async start(): Promise<void> {
    const { tls, endpoint } = this.#options;
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const server = tls === undefined ? createServer(serve) : createSecureServer(await loadServerTls(tls), serve);
    this.#server = server;
    await listen(server, this.#address, endpoint);
  }

  /** Frees the port at once. Who waits for an answer still gets it: it may be the reload that puts another server in this one's place. */
  close(): Promise<void> {
    const server = this.#server;
    if (server?.listening !== true) return Promise.resolve();
    this.#isClosing = true;
    server.close();
    return new Promise((resolve) => void setImmediate(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    const { method = "GET", headers } = request;
    const { status, contentType, body, headers: more } = await this.#answer({ method, path, query: new URLSearchParams(query), headers });
    if (this.#isClosing) response.setHeader("connection", "close");
    response.writeHead(status, { ...more, "content-type": contentType, "x-content-type-options": "nosniff" }).end(body);
  }

  async #answer(request: PageRequest): Promise<Page> {
    try {
      return await this.#options.answer(request);
    } catch (caught) {
      const error = caught instanceof Error ? caught.message : String(caught);
      this.#options.log.error("A page could not be made.", { path: request.path, error });
      return textPage(500, `500: ${error}`);
    }
  }
}

/** A page that programs read. */
export function jsonPage(status: number, value: unknown): Page {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

/** A page of one line. */
export function textPage(status: number, line: string): Page {
  return { status, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
}
