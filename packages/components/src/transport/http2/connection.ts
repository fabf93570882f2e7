import type { Timer } from "@tidemark/core";
import type { Socket } from "node:net";
import { giveBack } from "../bodies/body-buffer.ts";
import { isTlsHello } from "../tls/tls-mismatches.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { FloodGuard } from "./flood-guard.ts";
import { ConnectionError, ERROR, FLAG, MAX_WINDOW, PREFACE, SETTING, STANDARD_WINDOW, TYPE } from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { encodeSettings } from "./settings.ts";
import { Streams } from "./streams.ts";

const PING_BYTES = 8;
/** A client that is told to go has this long to answer, and then to take what was sent and close. */
const LAST_CALL_MS = 1000;
const LINGER_MS = 5000;

/**
 * The server's side of one HTTP/2 connection (RFC 9113), for requests that are answered with little: no push, no priorities, no dynamic table
 * in our answers. A request costs one object and, when its headers repeat the last ones, no decoding. Here is what concerns the connection
 * as a whole; what concerns requests is in `Streams`.
 */
export class Connection implements FrameSink {
  readonly socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #guard: FloodGuard;
  readonly #streams: Streams;
  readonly #pings: (() => void)[] = [];
  #prefaceLength = 0;
  #hasSettings = false;
  #isAcknowledged = false;
  /** The client was told to go; `#isLast`: and which streams are the last. */
  #isClosing = false;
  #isLast = false;
  #isOver = false;
  /** Of the step of closing that is under way. */
  #timer: Timer | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    this.#reader = new FrameReader(this);
    this.#writer = new FrameWriter(socket);
    this.#guard = new FloodGuard(() => options.clock.now());
    this.#streams = new Streams(options, this.#writer, this.#guard, () => this.#endWhenDone());
    socket.on("data", (chunk: Buffer) => this.#onBytes(chunk));
    socket.on("error", ignore);
    socket.on("end", () => this.destroy());
    socket.on("close", () => {
      this.#timer?.cancel();
      this.#finish();
    });
    this.#greet();
  }

  /** Requests that are open. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Whether the client has shown that it speaks HTTP/2: it has sent its settings and taken ours. */
  get isReady(): boolean {
    return this.#hasSettings && this.#isAcknowledged;
  }

  get isClosing(): boolean {
    return this.#isOver || this.#isClosing;
  }

  /** Asks whether the client is still there; false when the connection is not. */
  ping(answered: () => void): boolean {
    if (this.#isOver) return false;
    this.#pings.push(answered);
    this.#writer.ping();
    return true;
  }

  /**
   * Sends the client away without harm (RFC 9113 6.8): it is told to begin no more requests; those that it had sent before it heard of that are
   * served; then the connection is closed.
   */
  close(): void {
    if (this.isClosing) return;
    if (!this.#hasSettings) return this.sendAway(ERROR.NO_ERROR, "");
    this.#isClosing = true;
    this.#writer.goaway(MAX_WINDOW, ERROR.NO_ERROR, "");
    const sendAway = (): void => this.sendAway(ERROR.NO_ERROR, "");
    this.#timer = this.#options.clock.setTimeout(sendAway, LAST_CALL_MS);
    this.ping(sendAway);
  }

  /** GOAWAY: requests that have begun are served, and no more; then the connection is closed. */
  sendAway(code: number, reason: string): void {
    if (this.#isOver || this.#isLast) return;
    this.#isClosing = true;
    this.#isLast = true;
    this.#timer?.cancel();
    this.#writer.goaway(this.#streams.serveNoMore(), code, reason);
    this.#endWhenDone();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.socket.destroy();
    this.#finish();
  }

  onDataStart(streamId: number, length: number, flags: number): void {
    this.#expectNoBlock();
    this.#streams.onDataStart(streamId, length, flags);
  }

  onDataChunk(chunk: Buffer): boolean {
    return this.#streams.onDataChunk(chunk);
  }

  onDataEnd(flags: number): void {
    this.#streams.onDataEnd(flags);
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (!this.#hasSettings && type !== TYPE.SETTINGS) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "the first frame must be SETTINGS");
    if (type === TYPE.CONTINUATION) return this.#streams.onContinuation(flags, streamId, payload);
    this.#expectNoBlock();
    switch (type) {
      case TYPE.HEADERS:
        return this.#streams.onHeaders(flags, streamId, payload);
      case TYPE.SETTINGS:
        return this.#onSettings(flags, streamId, payload);
      case TYPE.PING:
        return this.#onPing(flags, streamId, payload);
      case TYPE.WINDOW_UPDATE:
        return this.#streams.onWindowUpdate(streamId, payload);
      case TYPE.RST_STREAM:
        return this.#streams.onReset(streamId, payload);
      case TYPE.PRIORITY:
        return this.#streams.onPriority(streamId, payload);
      case TYPE.GOAWAY:
        return this.#onGoaway(streamId, payload);
      case TYPE.PUSH_PROMISE:
        throw new ConnectionError(ERROR.PROTOCOL_ERROR, "a client cannot push");
      default:
        this.#guard.spend("frames of unknown types");
    }
  }

  #greet(): void {
    const { maxConcurrentStreams, streamWindow, connectionWindow, maxHeaderBytes } = this.#options;
    const settings = encodeSettings([
      [SETTING.MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
      [SETTING.INITIAL_WINDOW_SIZE, streamWindow],
      [SETTING.MAX_HEADER_LIST_SIZE, maxHeaderBytes],
    ]);
    this.#writer.settings(settings);
    this.#writer.windowUpdate(0, connectionWindow - STANDARD_WINDOW);
  }

  #onBytes(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      const start = this.#prefaceLength < PREFACE.length ? this.#onPreface(chunk) : 0;
      if (this.#reader.push(chunk, start)) giveBack(chunk);
      if (this.#writer.isStuck) throw new ConnectionError(ERROR.ENHANCE_YOUR_CALM, "answers are not read");
    } catch (error) {
      if (error instanceof ConnectionError) {
        this.#options.onFault(error.message);
        return this.#breakOff(error.code, error.message);
      }
      this.#options.onDefect(error);
      this.#breakOff(ERROR.INTERNAL_ERROR, "");
    }
  }

  #onPreface(chunk: Buffer): number {
    const end = Math.min(chunk.length, PREFACE.length - this.#prefaceLength);
    if (chunk.compare(PREFACE, this.#prefaceLength, this.#prefaceLength + end, 0, end) !== 0) {
      if (this.#prefaceLength === 0 && isTlsHello(chunk)) this.#options.onTls?.();
      throw new ConnectionError(ERROR.PROTOCOL_ERROR, "this is not HTTP/2");
    }
    this.#prefaceLength += end;
    return end;
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "SETTINGS on a stream");
    if ((flags & FLAG.ACK) !== 0) {
      if (payload.length > 0) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "an acknowledgement with a payload");
      this.#isAcknowledged = true;
      return;
    }
    this.#guard.spend("settings");
    this.#hasSettings = true;
    this.#streams.onSettings(payload);
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "PING on a stream");
    if (payload.length !== PING_BYTES) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "PING has 8 bytes");
    if ((flags & FLAG.ACK) !== 0) return this.#pings.shift()?.();
    this.#guard.spend("pings");
    this.#writer.pingAck(payload);
    this.#options.onPing();
  }

  #onGoaway(streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "GOAWAY on a stream");
    if (payload.length < 8) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "GOAWAY is cut off");
    this.sendAway(ERROR.NO_ERROR, "");
  }

  #expectNoBlock(): void {
    if (this.#streams.isInBlock) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "a header block is not complete");
  }

  /** Says what was wrong, and closes: nothing more is read. */
  #breakOff(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#writer.goaway(this.#streams.serveNoMore(), code, reason);
    this.#end();
    this.socket.destroySoon();
    this.#finish();
  }

  #endWhenDone(): void {
    if (!this.#isOver && this.#isLast && this.#streams.size === 0) this.#end();
  }

  /** A client that neither reads nor closes does not keep its connection. */
  #end(): void {
    this.#writer.flush();
    this.socket.end();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimeout(() => this.destroy(), LINGER_MS);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.stop();
    this.#streams.closeAll();
    this.#options.onClose();
  }
}

function ignore(): void {}
