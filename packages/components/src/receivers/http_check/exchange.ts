import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { X509Certificate } from "node:crypto";
import type { HttpAgents } from "../../transport/http-poster.ts";
import { CheckFailed } from "./failure.ts";
import { GrowingBuffer } from "./growing-buffer.ts";

/** As in Go. */
const MAX_HEAD_BYTES = 1 << 20;

/** Answers such as 103 before the one that counts. Who sends more wants to be listened to for ever. */
const MAX_INTERIM = 100;

/** One request, which is not led elsewhere. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer | undefined;
  /** A proxy that has not connected after so many milliseconds is hung up on, where no shorter time is set for its connections. */
  readonly proxyTimeoutMs: number;
  /** As much of the body of the answer is read; the rest is not waited for. */
  readonly maxBodyBytes: number;
  /** Whether what is read is kept. */
  readonly keepsBody: boolean;
}

/** How long the parts of an exchange took, in milliseconds; 0 for those that did not happen. */
export interface Timings {
  dns: number;
  connect: number;
  tls: number;
  request: number;
  response: number;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: Buffer;
  /** Bytes of the body, as far as it was read. */
  readonly size: number;
  readonly timings: Timings;
  readonly certificate: X509Certificate | undefined;
  /** Why the body is not whole. */
  readonly error?: unknown;
}

/** Resolves with an answer, be it only its head; rejects when there was none. `now` gives milliseconds. */
export async function exchange(what: Exchange, agents: HttpAgents, now: () => number, signal: AbortSignal): Promise<Answer> {
  try {
    return await attempt(what, agents, now, signal);
  } catch (error) {
    // The server closed a kept connection at the moment it was used again: that says nothing about its health.
    if (error instanceof StaleConnection && !signal.aborted) return attempt(what, agents, now, signal);
    throw error;
  }
}

class BrokenConnection extends Error {
  readonly code = "ECONNRESET";
}

/** A kept connection broke before the answer. */
class StaleConnection extends BrokenConnection {}

function attempt(what: Exchange, agents: HttpAgents, now: () => number, signal: AbortSignal): Promise<Answer> {
  const { url, method, headers, body, proxyTimeoutMs: timeout } = what;
  const timings: Timings = { dns: 0, connect: 0, tls: 0, request: 0, response: 0 };
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const startedAt = now();
    const request =
      url.protocol === "https:"
        ? httpsRequest(url, { method, headers, timeout, maxHeaderSize: MAX_HEAD_BYTES, agent: agents.secure })
        : httpRequest(url, { method, headers, maxHeaderSize: MAX_HEAD_BYTES, agent: agents.plain });
    let hasBegun = false;
    const abort = (): void => {
      request.destroy(signal.reason as Error);
      // Without a connection, as behind a proxy that makes none, the request tells of its end only when it gets one.
      if (!hasBegun) reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    const done = (): void => signal.removeEventListener("abort", abort);
    let interim = 0;
    request.on("information", () => {
      if (++interim > MAX_INTERIM) request.destroy(new CheckFailed({ reason: "invalid_answer", message: "too many interim answers" }));
    });
    request.on("upgrade", (response, socket) => {
      done();
      resolve({ status: 101, location: undefined, body: Buffer.alloc(0), size: 0, timings, certificate: certificateOf(response) });
      socket.destroy();
    });
    request.on("socket", (socket) => timeConnection(socket, timings, now));
    request.on("finish", () => (timings.request = now() - startedAt));
    request.on("error", (error) => {
      // Once there is a head, the end of its body tells.
      if (hasBegun) return;
      done();
      reject(signal.aborted ? (signal.reason as Error) : errorOf(error, request));
    });
    request.on("response", (response) => {
      hasBegun = true;
      const headAt = now();
      const certificate = certificateOf(response);
      readBody(response, what, (read, size, error) => {
        done();
        timings.response = now() - headAt;
        const { statusCode: status = 0, headers: answered } = response;
        const fault = error === undefined ? {} : { error: signal.aborted ? (signal.reason as unknown) : error };
        resolve({ status, location: answered.location, body: read, size, timings, certificate, ...fault });
        // Answered before the request was out, or with more than is read: the connection cannot be used again.
        if (!request.writableFinished || !response.complete) request.destroy();
      });
    });
    request.end(body);
  });
}

function readBody(
  response: IncomingMessage,
  { maxBodyBytes, keepsBody }: Exchange,
  done: (body: Buffer, size: number, error?: unknown) => void,
): void {
  const body = new GrowingBuffer();
  let size = 0;
  let isDone = false;
  const finish = (error?: unknown): void => {
    if (isDone) return;
    isDone = true;
    done(body.bytes, size, error);
  };
  response.on("data", (chunk: Buffer) => {
    if (isDone) return;
    size += chunk.length;
    if (keepsBody) body.add(chunk);
    if (size >= maxBodyBytes) finish();
  });
  response.on("error", finish);
  response.on("end", () => finish());
  response.on("close", () => finish(new BrokenConnection("the connection broke")));
}

function timeConnection(socket: Socket, timings: Timings, now: () => number): void {
  if (!socket.connecting) return;
  let since = now();
  const lap = (): number => {
    const before = since;
    since = now();
    return since - before;
  };
  socket.once("lookup", () => (timings.dns = lap()));
  socket.once("connect", () => (timings.connect = lap()));
  socket.once("secureConnect", () => (timings.tls = lap()));
}

function certificateOf({ socket }: IncomingMessage): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
}

function errorOf(error: NodeJS.ErrnoException, request: ClientRequest): Error {
  const isStale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
  return isStale ? new StaleConnection(error.message, { cause: error }) : error;
}
