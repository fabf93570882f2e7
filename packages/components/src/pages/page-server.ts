import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import { messageOf, type Clock, type Logger } from "@tidemark/core";
import { listen, parseListenAddress, type ListenAddress } from "../transport/listen.ts";
import { TlsDoor } from "../transport/tls/tls-door.ts";
import type { ServerTlsConfig } from "../transport/tls/tls-fields.ts";
import { isTlsHello, TlsMismatches } from "../transport/tls/tls-mismatches.ts";
import { loadServerTls } from "../transport/tls/tls.ts";

/** A request; its body is read only by pages that ask for it. */
export interface PageRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body, which must be UTF-8. Rejects with a `BodyError` when it is longer than `most` bytes. */
  text(most: number): Promise<string>;
}

/** A body that is not taken. */
export class BodyError extends Error {
  override readonly name = "BodyError";
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
  readonly clock: Clock;
  readonly log: Logger;
  readonly answer: (request: PageRequest) => Page | Promise<Page>;
}

/** Serves small pages over HTTP/1.1: health, books, commands. Bodies that no page reads are thrown away. */
export class PageServer {
  readonly #options: PageServerOptions;
  readonly #address: ListenAddress;
  #server: Server | undefined;
  #tlsDoor: TlsDoor | undefined;
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
    const mismatches = new TlsMismatches(endpoint, this.#options);
    const server = tls === undefined ? createServer(serve) : await this.#createSecure(tls, serve, mismatches);
    server.on("clientError", (error, socket) => {
      if (tls === undefined && "rawPacket" in error && isTlsHello(error.rawPacket as Buffer)) mismatches.tlsAtPlainPort(socket as Socket);
      endBroken(error, socket as Socket);
    });
    this.#server = server;
    await listen(server, this.#address, endpoint);
  }

  /** Frees the port at once. Who waits for an answer still gets it: it may be the reload that puts another server in this one's place. */
  close(): Promise<void> {
    const server = this.#server;
    if (server?.listening !== true) return Promise.resolve();
    this.#isClosing = true;
    server.close();
    this.#tlsDoor?.close();
    return new Promise((resolve) => void setImmediate(resolve));
  }

  async #createSecure(
    tls: ServerTlsConfig,
    serve: (request: IncomingMessage, response: ServerResponse) => void,
    mismatches: TlsMismatches,
  ): Promise<Server> {
    const server = createSecureServer(await loadServerTls(tls), serve);
    this.#tlsDoor = new TlsDoor(server, mismatches, this.#options.clock);
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Node gives an answer its connection when those before it are out. Who asks on without waiting could have thousands made that he never reads.
    if (response.socket === null) return void request.socket.destroy();
    const { url = "/" } = request;
    const pathEnd = url.indexOf("?") < 0 ? url.length : url.indexOf("?");
    const { method = "GET", headers } = request;
    const {
      status,
      contentType,
      body,
      headers: more,
    } = await this.#answer({
      method,
      path: url.slice(0, pathEnd),
      query: new URLSearchParams(url.slice(pathEnd + 1)),
      headers,
      text: (most) => readText(request, most),
    });
    request.resume();
    if (this.#isClosing) response.setHeader("connection", "close");
    response.writeHead(status, { ...more, "content-type": contentType, "x-content-type-options": "nosniff" }).end(body);
  }

  async #answer(request: PageRequest): Promise<Page> {
    try {
      return await this.#options.answer(request);
    } catch (caught) {
      if (caught instanceof BodyError) return { ...textPage(413, `413: ${caught.message}`), headers: { connection: "close" } };
      const error = messageOf(caught);
      this.#options.log.error("A page could not be made.", { path: request.path, error });
      return textPage(500, `500: ${error}`);
    }
  }
}

/** As Node does it where nobody listens to `clientError`. */
function endBroken({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === "ECONNRESET") return void socket.destroy();
  const status =
    code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`, () => socket.destroy());
}

function readText(request: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= most) return void chunks.push(chunk);
      chunks.length = 0;
      reject(new BodyError(`the body is longer than ${most} bytes`));
    });
    request.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.once("close", () => reject(new BodyError("the body did not come to its end")));
  });
}

/** A page that programs read. */
export function jsonPage(status: number, value: unknown): Page {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

/** A page of one line. */
export function textPage(status: number, line: string): Page {
  return { status, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
}
