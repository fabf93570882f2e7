import type { Clock, Logger } from "@tidemark/core";
import type { Socket } from "node:net";

/** A client that is set up wrong tries again and again: one line tells of all that came in this time. */
const QUIET_MS = 60_000;

/** Whether a connection begins as TLS does (RFC 8446 5.1): a record of type handshake, version 3.x. */
export function isTlsHello(bytes: Buffer): boolean {
  return bytes[0] === 0x16 && bytes[1] === 0x03;
}

/** Tells in the log of clients that speak TLS to a port without it, or the other way round. */
export class TlsMismatches {
  readonly #endpoint: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(endpoint: string, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#log = log;
  }

  tlsAtPlainPort(socket: Socket): void {
    this.#tell(
      socket,
      "A client speaks TLS to a port without TLS.",
      "use http:// (insecure: true) in the client, or set tls at the endpoint",
    );
  }

  plainAtTlsPort(socket: Socket): void {
    this.#tell(
      socket,
      "A client speaks plain HTTP to a port with TLS.",
      "use https:// (insecure: false) in the client, or take tls out of the endpoint",
    );
  }

  #tell({ remoteAddress, remotePort }: Socket, message: string, fix: string): void {
    const now = this.#clock.now();
    if (now < this.#quietUntil) {
      this.#untold += 1;
      return;
    }
    const client =
      remoteAddress === undefined ? undefined : `${remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
    const untold = this.#untold === 0 ? undefined : this.#untold;
    this.#log.warn(message, { endpoint: this.#endpoint, client, times_since_the_last_line: untold, fix });
    this.#quietUntil = now + QUIET_MS;
    this.#untold = 0;
  }
}
