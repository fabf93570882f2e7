import type { ConnectionOptions } from "./connection-options.ts";
import type { FloodGuard } from "./flood-guard.ts";
import { ConnectionError, ERROR, FLAG, MAX_WINDOW, StreamError } from "./frame.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { RecentIds } from "./recent-ids.ts";
import { checkTrailers, readRequestHead, type RequestHead } from "./request-head.ts";
import { Sender } from "./sender.ts";
import { Stream, type StreamOwner } from "./stream.ts";

/**
 * The requests of one connection: which are open, and what the frames that name a stream mean for them (RFC 9113 5.1). What comes for a stream
 * that we have ended is no fault of a client that had not heard of it, and is passed over.
 */
export class Streams implements StreamOwner {
  readonly #options: ConnectionOptions;
  readonly #writer: FrameWriter;
  readonly #sender: Sender<Stream>;
  readonly #guard: FloodGuard;
  readonly #blocks: HeaderBlocks;
  readonly #window: ReceiveWindow;
  readonly #open = new Map<number, Stream>();
  readonly #endedByUs: RecentIds = new RecentIds();
  readonly #emptied: () => void;
  #lastId = 0;
  /** The last stream that is served. */
  #servedUpTo = MAX_WINDOW;
  /** Of the DATA frame that is being read. */
  #current: Stream | undefined;

  /** `emptied` is called when the last open stream is over. */
  constructor(options: ConnectionOptions, writer: FrameWriter, guard: FloodGuard, emptied: () => void) {
    this.#options = options;
    this.#writer = writer;
    this.#guard = guard;
    this.#emptied = emptied;
    this.#sender = new Sender(writer, (stream) => this.#localDone(stream));
    this.#blocks = new HeaderBlocks(options.huffman, options.maxHeaderBytes);
    this.#window = new ReceiveWindow(options.connectionWindow);
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether a header block has begun and not ended. */
  get isInBlock(): boolean {
    return this.#blocks.isOpen;
  }

  /** Serves no streams beyond those that have begun. Returns the last of them, for GOAWAY. */
  serveNoMore(): number {
    this.#servedUpTo = Math.min(this.#servedUpTo, this.#lastId);
    return this.#servedUpTo;
  }

  /** The connection is over, and with it all streams. */
  closeAll(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const stream of open) stream.close();
  }

  reset(stream: Stream, code: number): void {
    this.#writer.reset(stream.id, code);
    if (!stream.isRemoteDone) this.#endedByUs.add(stream.id);
    this.#forget(stream);
  }

  used(stream: Stream): void {
    const bytes = stream.unused;
    stream.unused = 0;
    this.#use(bytes);
    if (!stream.isRemoteDone) this.#useOf(stream, bytes);
  }

  broken(stream: Stream, error: unknown): void {
    this.#options.onDefect(error);
    if (!stream.isClosed) this.reset(stream, ERROR.INTERNAL_ERROR);
  }

  onHeaders(flags: number, streamId: number, payload: Buffer): void {
    this.#onBlock(this.#blocks.start(flags, streamId, payload));
  }

  onContinuation(flags: number, streamId: number, payload: Buffer): void {
    this.#onBlock(this.#blocks.more(flags, streamId, payload));
  }

  onDataStart(streamId: number, length: number, flags: number): void {
    const isEnd = (flags & FLAG.END_STREAM) !== 0;
    if (!this.#window.take(length)) throw new ConnectionError(ERROR.FLOW_CONTROL_ERROR, "more data than the window of the connection");
    if (length === 0 && !isEnd) this.#guard.spend("empty frames");
    const stream = this.#open.get(streamId);
    this.#current = stream;
    if (stream?.isPaused === true) stream.unused += length;
    else this.#use(length);
    if (stream === undefined) return this.#onLateData(streamId);
    if (stream.isRemoteDone) throw new ConnectionError(ERROR.STREAM_CLOSED, "data behind the end of a request");
    if (!stream.window.take(length)) return this.#fail(stream, ERROR.FLOW_CONTROL_ERROR);
    if (!stream.isPaused && !isEnd) this.#useOf(stream, length);
  }

  onDataChunk(chunk: Buffer): boolean {
    const stream = this.#current;
    if (stream === undefined || stream.isClosed) return true;
    stream.received += chunk.length;
    if (stream.expected < 0 || stream.received <= stream.expected) return stream.take(chunk);
    this.#fail(stream, ERROR.PROTOCOL_ERROR);
    return true;
  }

  onDataEnd(flags: number): void {
    const stream = this.#current;
    this.#current = undefined;
    if (stream !== undefined && !stream.isClosed && (flags & FLAG.END_STREAM) !== 0) this.#remoteDone(stream);
  }

  /** Takes the client's SETTINGS; those for header tables are obeyed by never using one. */
  onSettings(payload: Buffer): void {
    this.#sender.apply(payload, this.#open.values());
  }

  onWindowUpdate(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "WINDOW_UPDATE has 4 bytes");
    const more = payload.readUInt32BE(0) & MAX_WINDOW;
    if (streamId === 0) return this.#sender.grow(more);
    const stream = this.#open.get(streamId);
    if (stream === undefined) return this.#expectBegun(streamId);
    if (more === 0) return this.#fail(stream, ERROR.PROTOCOL_ERROR);
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW) return this.#fail(stream, ERROR.FLOW_CONTROL_ERROR);
    stream.pump();
  }

  /** Cancelled work is what a flood of resets costs (CVE-2023-44487); behind an answer, a reset is how a client stops to send. */
  onReset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "RST_STREAM has 4 bytes");
    const stream = this.#open.get(streamId);
    if (stream?.isLocalDone !== true) this.#guard.spend("resets");
    if (stream === undefined) return this.#expectBegun(streamId);
    this.#forget(stream);
  }

  /** Priorities are not followed (RFC 9113 5.3.2), but may not be nonsense. */
  onPriority(streamId: number, payload: Buffer): void {
    if (streamId === 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "PRIORITY of the connection");
    this.#guard.spend("priorities");
    const isWhole = payload.length === 5;
    if (isWhole && (payload.readUInt32BE(0) & MAX_WINDOW) !== streamId) return;
    const code = isWhole ? ERROR.PROTOCOL_ERROR : ERROR.FRAME_SIZE_ERROR;
    // A stream that has not begun cannot be reset.
    if (streamId > this.#lastId) throw new ConnectionError(code, "a priority that is none");
    const stream = this.#open.get(streamId);
    if (stream === undefined) this.#writer.reset(streamId, code);
    else this.#fail(stream, code);
  }

  #onBlock(streamId: number | undefined): void {
    if (streamId === undefined) return;
    const known = this.#open.get(streamId);
    if (known !== undefined) return this.#onTrailers(known);
    if (streamId % 2 === 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, `a client opened stream ${streamId}`);
    if (streamId <= this.#lastId) return this.#onLateBlock(streamId);
    this.#lastId = streamId;
    const isEnd = this.#blocks.endsStream;
    const head = this.#readHead(streamId, isEnd);
    if (head === undefined || streamId > this.#servedUpTo) return;
    if (this.#open.size >= this.#options.maxConcurrentStreams) {
      this.#guard.spend("streams at once");
      return this.#refuse(streamId, ERROR.REFUSED_STREAM, isEnd);
    }
    this.#begin(streamId, head, isEnd);
  }

  /** Undefined for a head that is malformed: only its stream suffers. */
  #readHead(streamId: number, isEnd: boolean): RequestHead | undefined {
    try {
      const head = this.#blocks.read(readRequestHead);
      if (this.#blocks.isSelfDependent) throw new StreamError(ERROR.PROTOCOL_ERROR, "a stream that depends on itself");
      return head;
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#guard.spend("malformed requests");
      this.#options.onFault(`stream ${streamId}: ${error.message}`);
      this.#refuse(streamId, error.code, isEnd);
      return undefined;
    }
  }

  #onTrailers(stream: Stream): void {
    if (stream.isRemoteDone) throw new ConnectionError(ERROR.STREAM_CLOSED, "headers behind the end of a request");
    try {
      checkTrailers(this.#blocks.fields());
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      return this.#fail(stream, error.code);
    }
    if (!this.#blocks.endsStream) return this.#fail(stream, ERROR.PROTOCOL_ERROR);
    this.#remoteDone(stream);
  }

  #begin(streamId: number, head: RequestHead, isEnd: boolean): void {
    const length = head["content-length"];
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return this.#refuse(streamId, ERROR.PROTOCOL_ERROR, isEnd);
    const stream = new Stream(this, streamId, new ReceiveWindow(this.#options.streamWindow), this.#sender);
    if (length !== undefined) stream.expected = Number(length);
    this.#open.set(streamId, stream);
    this.#options.onRequest(stream, head);
    if (isEnd && !stream.isClosed) this.#remoteDone(stream);
  }

  #remoteDone(stream: Stream): void {
    if (stream.expected >= 0 && stream.received !== stream.expected) return this.#fail(stream, ERROR.PROTOCOL_ERROR);
    stream.isRemoteDone = true;
    if (!stream.isPaused) stream.listener?.onEnd();
    if (stream.isLocalDone) this.#forget(stream);
  }

  #localDone(stream: Stream): void {
    stream.isLocalDone = true;
    if (stream.isRemoteDone) this.#forget(stream);
  }

  /** The client did something wrong on one stream. */
  #fail(stream: Stream, code: number): void {
    this.#guard.spend("broken streams");
    this.reset(stream, code);
  }

  /** A stream that never begins. */
  #refuse(streamId: number, code: number, isEnd: boolean): void {
    this.#writer.reset(streamId, code);
    if (!isEnd) this.#endedByUs.add(streamId);
  }

  #forget(stream: Stream): void {
    if (stream.isClosed) return;
    this.#open.delete(stream.id);
    this.#use(stream.unused);
    stream.close();
    if (this.#open.size === 0) this.#emptied();
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

  #onLateData(streamId: number): void {
    this.#expectBegun(streamId);
    if (this.#isPassedOver(streamId)) return;
    this.#guard.spend("frames on closed streams");
    this.#writer.reset(streamId, ERROR.STREAM_CLOSED);
  }

  #onLateBlock(streamId: number): void {
    // Read all the same: the table of header fields goes on.
    this.#blocks.fields();
    if (!this.#isPassedOver(streamId)) throw new ConnectionError(ERROR.STREAM_CLOSED, `stream ${streamId} is closed`);
  }

  #isPassedOver(streamId: number): boolean {
    return streamId > this.#servedUpTo || this.#endedByUs.has(streamId);
  }

  /** Frames that crossed the end of a stream are no fault; those on a stream that never was are. */
  #expectBegun(streamId: number): void {
    if (streamId === 0 || streamId > this.#lastId)
      throw new ConnectionError(ERROR.PROTOCOL_ERROR, `a frame on stream ${streamId}, which is not open`);
  }
}
