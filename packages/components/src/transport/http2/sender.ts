import { ConnectionError, ERROR, MAX_FRAME_BYTES, MAX_WINDOW, STANDARD_WINDOW } from "./frame.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { PreparedAnswer } from "./prepared-answer.ts";
import { applySettings, type PeerSettings } from "./settings.ts";

/** One who answers. */
export interface SendingStream {
  readonly id: number;
  /** Bytes that the client takes on this stream. */
  sendWindow: number;
  /** Says what waited for the window. */
  pump(): void;
}

/** The answers of a connection, within what its client takes (RFC 9113 5.2). */
export class Sender<S extends SendingStream> {
  readonly writer: FrameWriter;
  readonly #peer: PeerSettings = { initialWindow: STANDARD_WINDOW, maxFrame: MAX_FRAME_BYTES };
  readonly #ended: (stream: S) => void;
  /** Streams that have something to say, in the order in which they found the window of the connection empty. */
  readonly #blocked = new Set<S>();
  #window = STANDARD_WINDOW;

  /** `ended` is called when an answer is complete. */
  constructor(writer: FrameWriter, ended: (stream: S) => void) {
    this.writer = writer;
    this.#ended = ended;
  }

  /** The window with which streams start. */
  get initialWindow(): number {
    return this.#peer.initialWindow;
  }

  headers(stream: S, block: Buffer, isEnd: boolean): void {
    this.writer.headers(stream.id, block, isEnd);
    if (isEnd) this.#ended(stream);
  }

  data(stream: S, bytes: Uint8Array, isEnd: boolean): void {
    this.#window -= bytes.length;
    stream.sendWindow -= bytes.length;
    this.writer.data(stream.id, bytes, isEnd);
    if (isEnd) this.#ended(stream);
  }

  /** Sends head, message and trailers in one go; false when the windows do not allow it. */
  prepared(stream: S, answer: PreparedAnswer): boolean {
    if (this.sendable(stream) < answer.message.length) return false;
    this.#window -= answer.message.length;
    stream.sendWindow -= answer.message.length;
    this.writer.prepared(answer, stream.id);
    this.#ended(stream);
    return true;
  }

  /** Bytes that may be sent on the stream now, in one frame. */
  sendable(stream: S): number {
    return Math.min(this.#window, stream.sendWindow, this.#peer.maxFrame);
  }

  /** The stream could not send all. Its own window it will hear of; that of the connection is shared by turns. */
  wait(stream: S): void {
    if (stream.sendWindow > 0) this.#blocked.add(stream);
  }

  forget(stream: S): void {
    this.#blocked.delete(stream);
  }

  /** The client takes `bytes` more on the whole connection. */
  grow(bytes: number): void {
    if (bytes === 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "WINDOW_UPDATE by nothing");
    this.#window += bytes;
    if (this.#window > MAX_WINDOW) throw new ConnectionError(ERROR.FLOW_CONTROL_ERROR, "the window grew too large");
    for (const stream of this.#blocked) {
      if (this.#window <= 0) return;
      this.#blocked.delete(stream);
      stream.pump();
    }
  }

  /** Takes the client's settings; a new initial window counts for open streams too. */
  apply(settings: Buffer, streams: Iterable<S>): void {
    const before = this.#peer.initialWindow;
    applySettings(settings, this.#peer);
    this.writer.settingsAck();
    const more = this.#peer.initialWindow - before;
    if (more === 0) return;
    for (const stream of streams) {
      stream.sendWindow += more;
      if (stream.sendWindow > MAX_WINDOW) throw new ConnectionError(ERROR.FLOW_CONTROL_ERROR, "a window grew too large");
      stream.pump();
    }
  }
}
