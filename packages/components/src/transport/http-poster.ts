import { PipelineError } from "@tidemark/core";
import {
  Agent,
  type AgentOptions,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from "node:http";
import { Agent as TlsAgent, type AgentOptions as TlsAgentOptions, request as httpsRequest } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { lend, type RequestBody } from "./bodies/request-body.ts";
import { writeAtOnce } from "./bodies/write-body.ts";

/** OTLP 1.11: what is more of a response than this is not read. */
const MAX_RESPONSE_BYTES = 4 << 20;

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** When it was made, by the server's clock. */
  readonly date: string | undefined;
  readonly body: Buffer;
}

/** How agents keep connections, and TLS sessions. */
export type Connections = Pick<AgentOptions, "keepAlive" | "lookup" | "maxSockets" | "maxFreeSockets" | "timeout" | "proxyEnv"> &
  Pick<TlsAgentOptions, "maxCachedSessions">;

/** The connections that the posters of one exporter share. */
export class HttpAgents {
  readonly #connections: Connections;
  #plain: Agent | undefined;
  #secure: TlsAgent | undefined;
  #tls: ConnectionOptions;

  constructor(tls: ConnectionOptions, connections: Connections = { keepAlive: true }) {
    this.#tls = tls;
    this.#connections = connections;
  }

  get plain(): Agent {
    return (this.#plain ??= new Agent(this.#connections));
  }

  get secure(): TlsAgent {
    return (this.#secure ??= new TlsAgent({ ...this.#connections, ...this.#tls }));
  }

  /** Connections made from now on use these certificates. */
  setTls(tls: ConnectionOptions): void {
    const old = this.#secure;
    this.#tls = tls;
    this.#secure = undefined;
    // Sockets in use finish what they do, and are not kept then.
    if (old !== undefined) old.maxFreeSockets = 0;
    for (const sockets of Object.values(old?.freeSockets ?? {})) for (const socket of sockets ?? []) socket.destroy();
  }

  /** Closes all connections. */
  close(): void {
    this.#plain?.destroy();
    this.#secure?.destroy();
  }
}

/** Posts to one URL. */
export class HttpPoster {
  /** For messages: without user, password and query, which are secrets. */
  readonly url: string;
  readonly #agents: HttpAgents;
  readonly #isSecure: boolean;
  readonly #options: RequestOptions;
  readonly #headers: OutgoingHttpHeaders;

  constructor(url: string, headers: OutgoingHttpHeaders, agents: HttpAgents) {
    const { protocol, host, hostname, port, pathname, search, username, password } = new URL(url);
    this.#isSecure = protocol === "https:";
    this.url = `${protocol}//${host}${pathname}`;
    this.#agents = agents;
    this.#headers = headers;
    this.#options = {
      method: "POST",
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port || (this.#isSecure ? 443 : 80),
      path: pathname + search,
      ...(username === "" ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
    };
  }

  /** Resolves with any complete answer; rejects with a retryable error when there was none. `more` are headers of this request. */
  async post(body: RequestBody, signal: AbortSignal, more: OutgoingHttpHeaders = {}): Promise<HttpAnswer> {
    try {
      return await this.#attempt(body, signal, more);
    } catch (error) {
      // The server closed a kept connection at the moment it was used again: nothing was sent on it, so use a new one at once.
      if (error instanceof StaleConnection && !signal.aborted) return this.#attempt(body, signal, more);
      throw error;
    }
  }

  #attempt(body: RequestBody, signal: AbortSignal, more: OutgoingHttpHeaders): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const headers = {
        ...this.#headers,
        ...more,
        "content-length": body.length,
        ...(body.encoding === "" ? {} : { "content-encoding": body.encoding }),
      };
      const request = this.#isSecure
        ? httpsRequest({ ...this.#options, headers, agent: this.#agents.secure })
        : httpRequest({ ...this.#options, headers, agent: this.#agents.plain });
      const abort = (): void => {
        request.destroy(signal.reason as Error);
        // Without a connection, as behind a proxy that makes none, the request tells of its end only when it gets one.
        if (request.socket === null) fail(signal.reason as Error);
      };
      const fail = (error: Error): void => {
        signal.removeEventListener("abort", abort);
        reject(signal.aborted ? (signal.reason as Error) : this.#errorOf(error, request));
      };
      signal.addEventListener("abort", abort, { once: true });
      request.on("error", fail);
      request.on("response", (response) =>
        readAnswer(response, fail, (answer) => {
          signal.removeEventListener("abort", abort);
          whenWritten(request, () => {
            resolve(answer);
            // Answered before the body was out (413, 429): the connection cannot be used again.
            if (!request.writableFinished) request.destroy();
          });
        }),
      );
      lend(body, request);
      writeAtOnce(request, body.chunks);
    });
  }

  #errorOf(error: Error, request: ClientRequest): Error {
    const { code } = error as NodeJS.ErrnoException;
    if (request.reusedSocket && (code === "ECONNRESET" || code === "EPIPE"))
      return new StaleConnection(`request to ${this.url} failed: ${error.message}`, error);
    return new PipelineError(`request to ${this.url} failed: ${error.message || code}`, {
      code: "unavailable",
      retryable: true,
      cause: error,
    });
  }
}

/** A retryable failure of a kept connection. */
class StaleConnection extends PipelineError {
  constructor(message: string, cause: Error) {
    super(message, { code: "unavailable", retryable: true, cause });
  }
}

/** In one turn of the event loop Node tells of what came in before it tells of what went out: the last bytes of a large body. */
function whenWritten(request: ClientRequest, done: () => void): void {
  if (request.writableFinished) done();
  else setImmediate(done);
}

function readAnswer(response: IncomingMessage, fail: (error: Error) => void, done: (answer: HttpAnswer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_RESPONSE_BYTES) response.destroy(new Error(`the response is larger than ${MAX_RESPONSE_BYTES} bytes`));
    else chunks.push(chunk);
  });
  response.on("error", fail);
  response.on("end", () => {
    const { headers } = response;
    done({
      status: response.statusCode ?? 0,
      contentType: (headers["content-type"] ?? "").toLowerCase(),
      retryAfter: headers["retry-after"],
      date: headers.date,
      body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
    });
  });
}
