import { VirtualClock } from "@tidemark/core/testing";
import { FRAME, frame, headerBlock, PREFACE } from "../../testing/h2-frames.ts";
import { Connection } from "../connection.ts";
import type { ConnectionOptions } from "../connection-options.ts";
import { FLAG, TYPE } from "../frame.ts";
import { HeaderDecoder, type Field } from "../header-decoder.ts";
import { HuffmanDecoder } from "../huffman.ts";
import type { RequestHead } from "../request-head.ts";
import type { Stream } from "../stream.ts";
import { FakeSocket } from "./fake-socket.ts";
import { readFrames, type SeenFrame } from "./read-frames.ts";

const huffman = new HuffmanDecoder();

/** One request as its handler met it. */
export interface SeenRequest {
  readonly stream: Stream;
  readonly head: RequestHead;
  readonly body: Buffer[];
  ended: boolean;
  closed: number;
}

export interface RigOptions extends Partial<Pick<ConnectionOptions, "maxConcurrentStreams" | "streamWindow" | "connectionWindow">> {
  readonly onRequest?: (request: SeenRequest) => void;
  readonly onPing?: (connection: Connection) => void;
  /** Whether the handler keeps the pieces of a body as they come; else it copies them. */
  readonly keeps?: boolean;
  /** Whether the client has said hello already. */
  readonly greeted?: boolean;
}

/** The server's side of one connection, whose client is the test. */
export class ConnectionRig {
  readonly clock: VirtualClock = new VirtualClock();
  readonly socket: FakeSocket = new FakeSocket();
  readonly requests: SeenRequest[] = [];
  readonly faults: string[] = [];
  readonly defects: unknown[] = [];
  closed = 0;
  readonly connection: Connection;
  readonly #decoder: HeaderDecoder = new HeaderDecoder(huffman, 1 << 20);
  #read = 0;

  constructor({ onRequest, onPing, keeps = false, greeted = true, ...options }: RigOptions = {}) {
    this.connection = new Connection(this.socket.socket, {
      maxConcurrentStreams: 100,
      streamWindow: 1 << 20,
      connectionWindow: 1 << 21,
      maxHeaderBytes: 16 << 10,
      huffman,
      clock: this.clock,
      ...options,
      onRequest: (stream, head) => {
        const request: SeenRequest = { stream, head, body: [], ended: false, closed: 0 };
        this.requests.push(request);
        stream.listener = {
          onData(chunk) {
            if (keeps) request.body.push(chunk);
            else request.body.push(Buffer.from(chunk));
            return !keeps;
          },
          onEnd: () => void (request.ended = true),
          onClose: () => void (request.closed += 1),
        };
        onRequest?.(request);
      },
      onPing: () => onPing?.(this.connection),
      onFault: (message) => void this.faults.push(message),
      onDefect: (error) => void this.defects.push(error),
      onClose: () => void (this.closed += 1),
    });
    if (greeted) this.say(PREFACE, frame(FRAME.SETTINGS, 0, 0), frame(FRAME.SETTINGS, FLAG.ACK, 0));
  }

  /** The client says something, in one piece. */
  say(...frames: readonly Buffer[]): void {
    this.socket.receive(Buffer.concat(frames));
  }

  /** What the server has said since the last call. */
  async heard(): Promise<SeenFrame[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const all = this.socket.written;
    const frames = readFrames([all.subarray(this.#read)]);
    this.#read = all.length;
    return frames;
  }

  /** Like `heard`, without the greeting and the acknowledgements of settings. */
  async answers(): Promise<SeenFrame[]> {
    return (await this.heard()).filter(({ type, streamId }) => type !== TYPE.SETTINGS && !(type === TYPE.WINDOW_UPDATE && streamId === 0));
  }

  fields(block: Buffer): Field[] {
    return this.#decoder.decode(block);
  }
}

/** A HEADERS frame of a request; `more` are further fields. */
export function requestFrame(streamId: number, isEnd: boolean, more: Readonly<Record<string, string>> = {}): Buffer {
  const block = headerBlock({ ":method": "POST", ":scheme": "http", ":path": "/x", ...more });
  return frame(FRAME.HEADERS, FLAG.END_HEADERS | (isEnd ? FLAG.END_STREAM : 0), streamId, block);
}

/** A frame as a short text, such as `RST_STREAM 1 REFUSED_STREAM`. */
export function brief({ type, flags, streamId, payload }: SeenFrame): string {
  const name = Object.entries(TYPE).find(([, value]) => value === type)?.[0] ?? String(type);
  const end = (type === TYPE.DATA || type === TYPE.HEADERS) && (flags & FLAG.END_STREAM) !== 0 ? " END" : "";
  if (type === TYPE.RST_STREAM) return `${name} ${streamId} ${payload.readUInt32BE(0)}`;
  if (type === TYPE.GOAWAY) return `${name} ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)} ${payload.toString("utf8", 8)}`.trim();
  if (type === TYPE.WINDOW_UPDATE) return `${name} ${streamId} ${payload.readUInt32BE(0)}`;
  if (type === TYPE.DATA) return `${name} ${streamId} ${payload.length}${end}`;
  return `${name} ${streamId}${(flags & FLAG.ACK) !== 0 && type === TYPE.PING ? " ACK" : ""}${end}`;
}
