import type { Clock } from "@tidemark/core";
import type { HuffmanDecoder } from "./huffman.ts";
import type { RequestHead } from "./request-head.ts";
import type { Stream } from "./stream.ts";

/** What a server wants of its connections. */
export interface ConnectionOptions {
  readonly maxConcurrentStreams: number;
  /** Bytes that one request may have on its way, and all requests of a connection together (at least 65,535). */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Bytes of one request's header fields. */
  readonly maxHeaderBytes: number;
  readonly huffman: HuffmanDecoder;
  readonly clock: Clock;
  /** A request has begun: set `stream.listener`, or answer at once. */
  readonly onRequest: (stream: Stream, head: RequestHead) => void;
  /** The client has sent a PING. */
  readonly onPing: () => void;
  /** The client broke the protocol, in words. */
  readonly onFault: (message: string) => void;
  /** It speaks TLS, and that on a port where nobody does; `onFault` is called too. */
  readonly onTls?: () => void;
  /** A handler threw: its stream is reset or its connection cut, the others go on. */
  readonly onDefect: (error: unknown) => void;
  /** The connection is over. */
  readonly onClose: () => void;
}
