import type { Clock } from "@tidemark/core";
import type { Socket } from "node:net";
import type { Server } from "node:tls";
import { ERROR, TYPE, writeHead, HEAD_BYTES } from "../http2/frame.ts";
import type { TlsMismatches } from "./tls-mismatches.ts";

/** As long as Node gives a TLS handshake. */
const SILENCE_MS = 120_000;
/** Time for a client to read that it should speak TLS. */
const LAST_WORDS_MS = 1000;
/** The words of Go's servers, which some clients know. */
const REASON = "Client sent an HTTP request to an HTTPS server. This port speaks TLS: use https://";
const HTTP1_ANSWER = `HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${REASON.length + 1}\r\nconnection: close\r\n\r\n${REASON}\n`;

/**
 * Stands before a TLS server. A client that speaks plain HTTP is told so in its own protocol, and cut off; all others begin their handshake as if
 * nothing stood there.
 */
export class TlsDoor {
  /** All connections, also those in a handshake, of which the server knows nothing yet. */
  readonly #open = new Set<Socket>();
  readonly #silent = new Set<Socket>();
  readonly #mismatches: TlsMismatches;
  readonly #clock: Clock;
  readonly #handshake: (socket: Socket) => void;

  constructor(server: Server, mismatches: TlsMismatches, clock: Clock) {
    this.#mismatches = mismatches;
    this.#clock = clock;
    const listeners = server.listeners("connection") as ((this: Server, socket: Socket) => void)[];
    server.removeAllListeners("connection");
    this.#handshake = (socket) => {
      for (const listener of listeners) listener.call(server, socket);
    };
    server.on("connection", (socket: Socket) => this.#listenTo(socket));
  }

  /** Sends away who has said nothing yet. */
  close(): void {
    for (const socket of this.#silent) socket.destroy();
  }

  /** Cuts everybody off. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #listenTo(socket: Socket): void {
    const cut = (): void => void socket.destroy();
    this.#open.add(socket);
    this.#silent.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#silent.delete(socket);
    });
    const onData = (chunk: Buffer): void => {
      this.#silent.delete(socket);
      if (isRequest(chunk)) return this.#refuse(socket, chunk);
      socket.off("data", onData).off("timeout", cut).off("error", cut).off("end", cut).setTimeout(0).pause().unshift(chunk);
      this.#handshake(socket);
    };
    socket.on("data", onData).on("timeout", cut).on("error", cut).on("end", cut).setTimeout(SILENCE_MS);
  }

  #refuse(socket: Socket, first: Buffer): void {
    this.#mismatches.plainAtTlsPort(socket);
    socket.removeAllListeners("data").resume();
    socket.end(first.toString("latin1", 0, 4) === "PRI " ? http2Answer() : HTTP1_ANSWER);
    const timer = this.#clock.setTimeout(() => socket.destroy(), LAST_WORDS_MS);
    socket.once("close", () => timer.cancel());
  }
}

/** Methods begin with a capital letter; no record of TLS does (RFC 8446 5.1). */
function isRequest(bytes: Buffer): boolean {
  const [first = 0] = bytes;
  return first >= 0x41 && first <= 0x5a;
}

/** Our settings, which must come first, and GOAWAY with the reason (RFC 9113 3.4, 6.8): last stream 0, code, text. */
function http2Answer(): Buffer {
  const answer = Buffer.alloc(2 * HEAD_BYTES + 8 + REASON.length);
  writeHead(answer, 0, 0, TYPE.SETTINGS, 0, 0);
  writeHead(answer, HEAD_BYTES, 8 + REASON.length, TYPE.GOAWAY, 0, 0);
  answer.writeUInt32BE(ERROR.INADEQUATE_SECURITY, 2 * HEAD_BYTES + 4);
  answer.write(REASON, 2 * HEAD_BYTES + 8, "latin1");
  return answer;
}
