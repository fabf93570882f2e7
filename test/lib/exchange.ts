import { connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";

/** Sends raw bytes to an HTTP/1.1 server and resolves with all that it answered until it closed the connection, or `quietMs` passed in silence. */
export function rawHttp(target: string, bytes: string | Buffer, quietMs = 400): Promise<string> {
  const { hostname, port } = new URL(target);
  return new Promise((resolve) => {
    const socket = connectSocket(Number(port), hostname);
    const chunks: Buffer[] = [];
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString("latin1"));
    };
    socket.setTimeout(quietMs, done);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", done);
    socket.on("error", done);
    socket.write(bytes);
  });
}

/** What a gRPC server answered: headers and trailers together, and the bytes between. */
export interface GrpcAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly error: string | undefined;
}

/** Sends one HTTP/2 request with the given headers and body parts. */
export function rawGrpc(target: string, headers: Readonly<Record<string, string>>, body: readonly Buffer[]): Promise<GrpcAnswer> {
  const session = connect(target);
  session.on("error", () => undefined);
  return new Promise((resolve) => {
    const stream = session.request({ ":method": "POST", "content-type": "application/grpc", te: "trailers", ...headers });
    const all: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    let error: string | undefined;
    stream.on("response", (part) => Object.assign(all, part));
    stream.on("trailers", (part) => Object.assign(all, part));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", (fault) => (error = fault.message));
    stream.on("close", () => {
      session.destroy();
      resolve({ headers: all, body: Buffer.concat(chunks), error });
    });
    for (const part of body) stream.write(part);
    stream.end();
  });
}
