import { encodeFields } from "./header-encoder.ts";
import type { Field } from "./header-decoder.ts";
import { ERROR } from "./frame.ts";
import type { PreparedAnswer } from "./prepared-answer.ts";
import type { ReceiveWindow } from "./receive-window.ts";
import type { Sender } from "./sender.ts";

/** Who serves a request. */
export interface StreamListener {
  /** A piece of the body; it is part of a larger buffer. True: nothing of it is needed any more, the buffer may go. */
  onData(chunk: Buffer): boolean;
  /** The request is complete. */
  onEnd(): void;
  /** The stream is over: answered and complete, reset by a side, or lost with its connection. Called once, last. */
  onClose(): void;
}

/** What a stream asks of its connection. */
export interface StreamOwner {
  /** Ends the stream at once. */
  reset(stream: Stream, code: number): void;
  /** What came while the stream was paused has been dealt with. */
  used(stream: Stream): void;
  /** The handler of the stream threw. */
  broken(stream: Stream, error: unknown): void;
}

/** One request and its answer on a connection (RFC 9113 5). */
export class Stream {
  readonly id: number;
  /** The same for all streams of a connection. */
  readonly connection: StreamOwner;
  readonly #sender: Sender<Stream>;
  listener: StreamListener | undefined;
  readonly window: ReceiveWindow;
  /** Bytes that we may still send. */
  sendWindow: number;
  received = 0;
  /** From `content-length`; -1 when the client did not say. */
  expected = -1;
  /** The client has sent everything. */
  isRemoteDone = false;
  /** We have sent everything. */
  isLocalDone = false;
  isClosed = false;
  headersSent = false;
  /** Bytes that came while the stream was paused, and what they were. */
  unused = 0;
  #held: Buffer[] | undefined;
  /** What waits for the client's window. */
  #waiting: Uint8Array[] = [];
  /** The end that comes behind what waits; null: without trailers. */
  #end: Buffer | null | undefined;

  constructor(connection: StreamOwner, id: number, window: ReceiveWindow, sender: Sender<Stream>) {
    this.connection = connection;
    this.id = id;
    this.window = window;
    this.#sender = sender;
    this.sendWindow = sender.initialWindow;
  }

  /** Whether an answer can still be given. */
  get isOpen(): boolean {
    return !this.isClosed && !this.isLocalDone;
  }

  /** The head of the answer was sent, its end was not. */
  get #isAnswering(): boolean {
    return this.isOpen && this.headersSent && this.#end === undefined;
  }

  get isPaused(): boolean {
    return this.#held !== undefined;
  }

  /** Keeps what comes, within the window, until `resume`. */
  pause(): void {
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.connection.used(this);
    try {
      for (const chunk of held) this.listener?.onData(chunk);
      if (this.isRemoteDone) this.listener?.onEnd();
    } catch (error) {
      this.connection.broken(this, error);
    }
  }

  /** Takes a piece of the body from the connection. True: nothing of it is needed any more. */
  take(chunk: Buffer): boolean {
    if (this.#held === undefined) return this.listener?.onData(chunk) ?? true;
    this.#held.push(chunk);
    return false;
  }

  /** Sends the head of the answer. */
  respond(fields: readonly Field[], isEnd: boolean): void {
    if (!this.isOpen || this.headersSent) return;
    this.headersSent = true;
    this.#sender.headers(this, encodeFields(fields), isEnd);
  }

  /** Sends an interim head (RFC 9110 15.2); the real one follows. */
  respondInterim(fields: readonly Field[]): void {
    if (this.isOpen && !this.headersSent) this.#sender.headers(this, encodeFields(fields), false);
  }

  /** Sends a whole answer that was prepared. */
  answer(prepared: PreparedAnswer): void {
    if (!this.isOpen || this.headersSent) return;
    this.headersSent = true;
    if (this.#sender.prepared(this, prepared)) return;
    this.#sender.headers(this, prepared.head, false);
    this.write(prepared.message);
    this.#finish(prepared.trailers ?? null);
  }

  /** Sends a piece of the body; what the client's window does not take waits. */
  write(bytes: Uint8Array): void {
    if (!this.#isAnswering || bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.pump();
  }

  /** Ends the answer, with trailers if there are any. */
  end(trailers?: readonly Field[]): void {
    this.#finish(trailers === undefined ? null : encodeFields(trailers));
  }

  /** Ends the stream at once. */
  reset(code: number = ERROR.CANCEL): void {
    if (!this.isClosed) this.connection.reset(this, code);
  }

  /** Sends what the windows allow. */
  pump(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const room = this.#sender.sendable(this);
      if (room <= 0) return this.#sender.wait(this);
      const isWhole = first.length <= room;
      const isLast = isWhole && this.#waiting.length === 1 && this.#end === null;
      if (isWhole) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(room);
      this.#sender.data(this, isWhole ? first : first.subarray(0, room), isLast);
      if (isLast) return;
    }
    const end = this.#end;
    if (end === undefined || this.isLocalDone) return;
    if (end === null) this.#sender.data(this, new Uint8Array(0), true);
    else this.#sender.headers(this, end, true);
  }

  /** The connection is done with the stream: nothing is kept, and whoever still resumes or answers it is not heard. */
  close(): void {
    this.isClosed = true;
    this.#held = undefined;
    if (this.#waiting.length > 0) {
      this.#waiting = [];
      this.#sender.forget(this);
    }
    this.listener?.onClose();
    this.listener = undefined;
  }

  #finish(end: Buffer | null): void {
    if (!this.#isAnswering) return;
    this.#end = end;
    this.pump();
  }
}
