// Sends single OTLP requests byte by byte as a test wants them, over gRPC, HTTP/1.1 and HTTP/2. Shares no code with the product.
import { Agent, request as httpRequest } from "node:http";
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";

export type Transport = "grpc" | "http/1.1" | "http/2";

/** One HTTP request. Over gRPC the body is already framed. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What came back: headers and trailers together. `error` is set when there was no complete answer. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly error: string | undefined;
}

/** One connection to a server. */
export interface Connection {
  ask(request: RawRequest): Promise<RawAnswer>;
  close(): void;
}

const ANSWER_DEADLINE_MS = 15_000;

/** Opens one connection to `target` (`http://host:port`). */
export function openConnection(transport: Transport, target: string): Connection {
  return transport === "http/1.1" ? http1Connection(target) : http2Connection(target);
}

function http1Connection(target: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { hostname, port } = new URL(target);
  return {
    close: () => agent.destroy(),
    ask: ({ method, path, headers, body }) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        let answered = false;
        const fail = (error: Error): void => {
          // A server that refuses early may close before the whole body is written: its answer counts.
          if (!answered) resolve({ status: 0, headers: {}, body: Buffer.alloc(0), error: error.message });
        };
        const length = { "content-length": String(body.length) };
        const call = httpRequest({ agent, hostname, port, method, path, headers: { ...length, ...headers } }, (response) => {
          answered = true;
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          const done = (error?: Error): void =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers as Record<string, string>,
              body: Buffer.concat(chunks),
              error: error?.message,
            });
          response.on("end", () => done());
          response.on("error", done);
        });
        call.setTimeout(ANSWER_DEADLINE_MS, () => call.destroy(new Error("no answer in time")));
        call.on("error", fail);
        call.end(body);
      }),
  };
}

function http2Connection(target: string): Connection {
  let session: ClientHttp2Session | undefined;
  let fault: string | undefined;
  return {
    close: () => session?.destroy(),
    ask: ({ method, path, headers, body }) => {
      if (session === undefined || session.closed || session.destroyed) {
        session = connect(target, { settings: { initialWindowSize: 1 << 20 } });
        session.on("error", (error: Error) => (fault = error.message));
      }
      const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body.length === 0 });
      if (body.length > 0) stream.end(body);
      return readStream(stream, () => fault);
    },
  };
}

function readStream(stream: ClientHttp2Stream, sessionFault: () => string | undefined): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const all: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let error: string | undefined;
    let ended = false;
    stream.on("response", (part) => Object.assign(all, part));
    stream.on("trailers", (part) => Object.assign(all, part));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => (ended = true));
    stream.on("error", (thrown) => (error = thrown.message));
    stream.setTimeout(ANSWER_DEADLINE_MS, () => stream.close(8));
    stream.on("close", () => {
      const status = Number(all[":status"] ?? 0);
      const lost = status === 0 || !ended ? (error ?? sessionFault() ?? `the stream was closed with code ${stream.rstCode}`) : undefined;
      resolve({ status, headers: all as Record<string, string>, body: Buffer.concat(chunks), error: lost });
    });
  });
}
