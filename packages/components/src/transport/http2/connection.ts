import type { Socket } from "node:net";
import type { ConnectionOptions } from "./connection-options.ts";
import { FloodGuard } from "./flood-guard.ts";
import { ConnectionError, ERROR, FLAG, MAX_WINDOW, PREFACE, SETTING, STANDARD_WINDOW, StreamError, TYPE } from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { checkTrailers, readRequestHead, type RequestHead } from "./request-head.ts";
import { Sender } from "./sender.ts";
import { encodeSettings } from "./settings.ts";
import { Stream } from "./stream.ts";

const PING_BYTES = 8;

/**
 * The server's side of one HTTP/2 connection (RFC 9113), for requests that are answered with little: no push, no priorities, no dynamic table
 * in our answers. A request costs one object and, when its headers repeat the last ones, no decoding.
 */
export class Connection implements FrameSink {
  readonly socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #sender: Sender;
  readonly #window: ReceiveWindow;
  readonly #guard: FloodGuard;
  readonly #blocks: HeaderBlocks;
  readonly #streams = new Map<number, Stream>();
  readonly #pings: (() => void)[] = [];
  #prefaceLength = 0;
  #hasSettings = false;
  #lastId = 0;
  /** The last stream that is served after our GOAWAY. */
  #servedUpTo = MAX_WINDOW;
  #current: Stream | undefined;
  #isOver = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    this.#reader = new FrameReader(this);
    this.#writer = new FrameWriter(socket);
    this.#sender = new Sender(this.#writer, (stream) => this.#localDone(stream));
    this.#window = new ReceiveWindow(options.connectionWindow);
    this.#guard = new FloodGuard(options.now);
    this.#blocks = new HeaderBlocks(options.huffman, options.maxHeaderBytes);
    socket.on("data", (chunk: Buffer) => this.#onBytes(chunk));
    socket.on("error", ignore);
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.#finish());
    this.#greet();
  }

  /** Requests that are open. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Whether the client has shown that it speaks HTTP/2. */
  get isReady(): boolean {
    return this.#hasSettings;
  }

  get isClosing(): boolean {
    return this.#isOver || this.#servedUpTo !== MAX_WINDOW;
  }

  /** Asks whether the client is still there; false when the connection is not. */
  ping(answered: () => void): boolean {
    if (this.#isOver) return false;
    this.#pings.push(answered);
    this.#writer.ping();
    return true;
  }

  /** GOAWAY: requests that are open are served, no new ones, and then the connection is closed. */
  close(code: number = ERROR.NO_ERROR, reason = ""): void {
    if (this.isClosing) return;
    this.#servedUpTo = this.#lastId;
    this.#writer.goaway(this.#servedUpTo, code, reason);
    this.#endWhenDone();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.socket.destroy();
    this.#finish();
  }

  /** Ends one stream at once. */
  resetStream(stream: Stream, code: number): void {
    this.#writer.reset(stream.id, code);
    this.#forget(stream);
  }

  /** What came while the stream was paused has been dealt with. */
  used(stream: Stream): void {
    const bytes = stream.unused;
    stream.unused = 0;
    this.#use(bytes);
    if (!stream.isRemoteDone && !stream.isClosed) this.#useOf(stream, bytes);
  }

  onDataStart(streamId: number, length: number, flags: number): void {
    this.#expectNoBlock();
    if (!this.#window.take(length)) throw new ConnectionError(ERROR.FLOW_CONTROL_ERROR, "more data than the window of the connection");
    const stream = this.#streams.get(streamId);
    this.#current = stream;
    if (stream === undefined || !stream.isPaused) this.#use(length);
    if (stream === undefined) return this.#dataOnClosed(streamId);
    if (stream.isRemoteDone) throw new ConnectionError(ERROR.STREAM_CLOSED, "data behind the end of a request");
    if (length === 0 && (flags & FLAG.END_STREAM) === 0) this.#guard.spend("empty frames");
    if (!stream.window.take(length)) return this.#fail(stream, ERROR.FLOW_CONTROL_ERROR);
    if (stream.isPaused) stream.unused += length;
    else if ((flags & FLAG.END_STREAM) === 0) this.#useOf(stream, length);
  }

  onDataChunk(_streamId: number, chunk: Buffer): void {
    const stream = this.#current;
    if (stream === undefined || stream.isClosed) return;
    stream.received += chunk.length;
    if (stream.expected >= 0 && stream.received > stream.expected) return this.#fail(stream, ERROR.PROTOCOL_ERROR);
    stream.take(chunk);
  }

  onDataEnd(_streamId: number, flags: number): void {
    const stream = this.#current;
    this.#current = undefined;
    if (stream !== undefined && !stream.isClosed && (flags & FLAG.END_STREAM) !== 0) this.#remoteDone(stream);
  }

  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (!this.#hasSettings && type !== TYPE.SETTINGS) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "the first frame must be SETTINGS");
    if (type !== TYPE.CONTINUATION) this.#expectNoBlock();
    switch (type) {
      case TYPE.HEADERS:
        return this.#onBlock(this.#blocks.start(flags, streamId, payload));
      case TYPE.CONTINUATION:
        return this.#onBlock(this.#blocks.more(flags, streamId, payload));
      case TYPE.SETTINGS:
        return this.#onSettings(flags, streamId, payload);
      case TYPE.PING:
        return this.#onPing(flags, streamId, payload);
      case TYPE.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, payload);
      case TYPE.RST_STREAM:
        return this.#onReset(streamId, payload);
      case TYPE.PRIORITY:
        return this.#onPriority(streamId, payload);
      case TYPE.GOAWAY:
        if (streamId !== 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "GOAWAY on a stream");
        if (payload.length < 8) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "GOAWAY is cut off");
        return this.close();
      case TYPE.PUSH_PROMISE:
        throw new ConnectionError(ERROR.PROTOCOL_ERROR, "a client cannot push");
      default:
        this.#guard.spend("frames of unknown types");
    }
  }

  #use(bytes: number): void {
    this.#window.use(bytes);
    const more = this.#window.renew();
    if (more > 0) this.#writer.windowUpdate(0, more);
  }

  #useOf(stream: Stream, bytes: number): void {
    stream.window.use(bytes);
    const more = stream.window.renew();
    if (more > 0) this.#writer.windowUpdate(stream.id, more);
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
      this.#reader.push(chunk, start);
    } catch (error) {
      if (!(error instanceof ConnectionError)) {
        this.destroy();
        throw error;
      }
      this.#breakOff(error);
    }
    if (this.#writer.isStuck) this.#breakOff(new ConnectionError(ERROR.ENHANCE_YOUR_CALM, "answers are not read"));
  }

  #onPreface(chunk: Buffer): number {
    const end = Math.min(chunk.length, PREFACE.length - this.#prefaceLength);
    if (chunk.compare(PREFACE, this.#prefaceLength, this.#prefaceLength + end, 0, end) !== 0) {
      throw new ConnectionError(ERROR.PROTOCOL_ERROR, "this is not HTTP/2");
    }
    this.#prefaceLength += end;
    return end;
  }

  #onBlock(streamId: number | undefined): void {
    if (streamId === undefined) return;
    const isEnd = this.#blocks.endsStream;
    const known = this.#streams.get(streamId);
    const head = this.#head(streamId, known !== undefined);
    if (known !== undefined) {
      if (known.isRemoteDone) throw new ConnectionError(ERROR.STREAM_CLOSED, "headers behind the end of a request");
      if (head === undefined || !isEnd) return this.#fail(known, ERROR.PROTOCOL_ERROR);
      return this.#remoteDone(known);
    }
    if (streamId % 2 === 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, `a client opened stream ${streamId}`);
    if (streamId <= this.#lastId) throw new ConnectionError(ERROR.STREAM_CLOSED, `stream ${streamId} is closed`);
    this.#lastId = streamId;
    if (head === undefined) return this.#writer.reset(streamId, ERROR.PROTOCOL_ERROR);
    if (streamId > this.#servedUpTo) return;
    if (this.#streams.size >= this.#options.maxConcurrentStreams) {
      this.#guard.spend("streams at once");
      return this.#writer.reset(streamId, ERROR.REFUSED_STREAM);
    }
    this.#open(streamId, head, isEnd);
  }

  /** Undefined for a head that is malformed: only its stream suffers. */
  #head(streamId: number, isTrailer: boolean): RequestHead | undefined {
    try {
      if (this.#blocks.isSelfDependent) throw new StreamError(ERROR.PROTOCOL_ERROR, "a stream that depends on itself");
      if (!isTrailer) return this.#blocks.read(readRequestHead);
      checkTrailers(this.#blocks.fields());
      return {};
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#guard.spend("malformed requests");
      this.#options.onFault(`stream ${streamId}: ${error.message}`);
      return undefined;
    }
  }

  #open(streamId: number, head: RequestHead, isEnd: boolean): void {
    const stream = new Stream(this, streamId, new ReceiveWindow(this.#options.streamWindow), this.#sender);
    const length = head["content-length"];
    if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) return this.#writer.reset(streamId, ERROR.PROTOCOL_ERROR);
      stream.expected = Number(length);
    }
    this.#streams.set(streamId, stream);
    this.#options.onRequest(stream, head);
    if (isEnd && !stream.isClosed) this.#remoteDone(stream);
  }

  #remoteDone(stream: Stream): void {
    if (stream.expected >= 0 && stream.received !== stream.expected) return this.#fail(stream, ERROR.PROTOCOL_ERROR);
    stream.isRemoteDone = true;
    if (!stream.isPaused) stream.listener?.onEnd();
    if (stream.isLocalDone && !stream.isClosed) this.#forget(stream);
  }

  #localDone(stream: Stream): void {
    stream.isLocalDone = true;
    if (stream.isRemoteDone) this.#forget(stream);
  }

  #fail(stream: Stream, code: number): void {
    this.#guard.spend("broken streams");
    this.resetStream(stream, code);
  }

  #forget(stream: Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    this.#streams.delete(stream.id);
    this.#use(stream.unused);
    stream.listener?.onClose();
    stream.listener = undefined;
    this.#endWhenDone();
  }

  #dataOnClosed(streamId: number): void {
    if (streamId === 0 || streamId > this.#lastId)
      throw new ConnectionError(ERROR.PROTOCOL_ERROR, `data on stream ${streamId}, which is not open`);
    this.#guard.spend("frames on closed streams");
    if (streamId <= this.#servedUpTo) this.#writer.reset(streamId, ERROR.STREAM_CLOSED);
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "SETTINGS on a stream");
    if ((flags & FLAG.ACK) !== 0) {
      if (payload.length > 0) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "an acknowledgement with a payload");
      return;
    }
    this.#guard.spend("settings");
    this.#hasSettings = true;
    this.#sender.apply(payload, this.#streams.values());
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "PING on a stream");
    if (payload.length !== PING_BYTES) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "PING has 8 bytes");
    if ((flags & FLAG.ACK) !== 0) return this.#pings.shift()?.();
    this.#guard.spend("pings");
    this.#writer.pingAck(payload);
    this.#options.onPing();
  }

  #onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "WINDOW_UPDATE has 4 bytes");
    const more = payload.readUInt32BE(0) & MAX_WINDOW;
    if (streamId === 0) return this.#sender.grow(more, this.#streams.values());
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#onClosedStream(streamId);
    if (more === 0) return this.#fail(stream, ERROR.PROTOCOL_ERROR);
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW) return this.#fail(stream, ERROR.FLOW_CONTROL_ERROR);
    stream.pump();
  }

  #onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "RST_STREAM has 4 bytes");
    const stream = this.#streams.get(streamId);
    this.#guard.spend("resets");
    if (stream === undefined) return this.#onClosedStream(streamId);
    this.#forget(stream);
  }

  #onPriority(streamId: number, payload: Buffer): void {
    if (streamId === 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "PRIORITY of the connection");
    this.#guard.spend("priorities");
    if (payload.length !== 5) return this.#writer.reset(streamId, ERROR.FRAME_SIZE_ERROR);
    if ((payload.readUInt32BE(0) & 0x7fff_ffff) === streamId) this.#writer.reset(streamId, ERROR.PROTOCOL_ERROR);
  }

  /** Frames that crossed our end of a stream are no fault; those on a stream that never was are. */
  #onClosedStream(streamId: number): void {
    if (streamId === 0 || streamId > this.#lastId)
      throw new ConnectionError(ERROR.PROTOCOL_ERROR, `a frame on stream ${streamId}, which is not open`);
  }

  #expectNoBlock(): void {
    if (this.#blocks.isOpen) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "a header block is not complete");
  }

  /** Says what was wrong, and closes: nothing more is read. */
  #breakOff(error: ConnectionError): void {
    if (this.#isOver) return;
    this.#options.onFault(error.message);
    this.#writer.goaway(Math.min(this.#lastId, this.#servedUpTo), error.code, error.message);
    this.#writer.flush();
    this.socket.end();
    this.socket.destroySoon();
    this.#finish();
  }

  #endWhenDone(): void {
    if (this.#isOver || this.#servedUpTo === MAX_WINDOW || this.#streams.size > 0) return;
    this.#writer.flush();
    this.socket.end();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const open = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of open) {
      stream.isClosed = true;
      stream.listener?.onClose();
      stream.listener = undefined;
    }
    this.#options.onClose();
  }
}

function ignore(): void {}
