import { stackOf, type ComponentContext } from "@tidemark/core";
import type { Socket } from "node:net";
import { Connection } from "../../transport/http2/connection.ts";
import { HuffmanDecoder } from "../../transport/http2/huffman.ts";
import type { RequestHead } from "../../transport/http2/request-head.ts";
import type { Stream } from "../../transport/http2/stream.ts";
import type { TlsMismatches } from "../../transport/tls/tls-mismatches.ts";
import type { ClientConnection } from "./client-connection.ts";
import { ConnectionKeeper, type KeepaliveConfig } from "./connection-keeper.ts";

/** Windows so large that a sender waits for the network only, and that few WINDOW_UPDATE frames are needed. */
const STREAM_WINDOW = 4 << 20;
const CONNECTION_WINDOW = 16 << 20;
/** As Node has it for HTTP/2. */
const MAX_HEADER_BYTES = 64 << 10;

/** What a server wants of its HTTP/2 connections. */
export interface Http2Options {
  readonly keepalive: KeepaliveConfig;
  readonly maxConcurrentStreams: number;
  /** Told of clients that speak TLS where there is none. */
  readonly mismatches: TlsMismatches;
  readonly onRequest: (connection: ClientConnection, stream: Stream, head: RequestHead) => void;
}

/** The HTTP/2 connections of one server. */
export class Http2Connections {
  readonly #keepers = new Map<Connection, ConnectionKeeper>();
  readonly #options: Http2Options;
  readonly #context: ComponentContext;
  readonly #huffman: HuffmanDecoder = new HuffmanDecoder();

  constructor(options: Http2Options, context: ComponentContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Speaks HTTP/2 on a socket that was accepted. What breaks a connection is the client's affair: it is closed and nothing else happens. */
  add(socket: Socket): void {
    const { keepalive, maxConcurrentStreams, mismatches, onRequest } = this.#options;
    const { clock, log } = this.#context;
    const connection: Connection = new Connection(socket, {
      maxConcurrentStreams,
      streamWindow: STREAM_WINDOW,
      connectionWindow: CONNECTION_WINDOW,
      maxHeaderBytes: MAX_HEADER_BYTES,
      huffman: this.#huffman,
      clock,
      onRequest: (stream, head) => {
        keeper.called();
        onRequest(keeper.client, stream, head);
      },
      onPing: () => keeper.pinged(),
      onTls: () => mismatches.tlsAtPlainPort(socket),
      onFault: (error) => log.debug("HTTP/2 connection failed", { error }),
      onDefect: (error) =>
        log.error("An HTTP/2 request broke its handler; it is cut off.", {
          error: stackOf(error),
        }),
      onClose: () => {
        keeper.stop();
        this.#keepers.delete(connection);
      },
    });
    const keeper = new ConnectionKeeper(connection, keepalive, clock);
    this.#keepers.set(connection, keeper);
  }

  /** GOAWAY to everybody; open requests may end. */
  close(): void {
    for (const connection of this.#keepers.keys()) connection.close();
  }

  destroy(): void {
    for (const connection of this.#keepers.keys()) connection.destroy();
  }
}
