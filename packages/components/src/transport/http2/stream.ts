import type { Connection } from "./connection.ts";
import { encodeFields } from "./header-encoder.ts";
import type { Field } from "./header-decoder.ts";
import { ERROR } from "./frame.ts";
import type { PreparedFrames } from "./outbox.ts";
import type { ReceiveWindow } from "./receive-window.ts";
import type { Sender } from "./sender.ts";

/** Who serves a request. */
export interface StreamListener {
  /** A piece of the body; it is part of a larger buffer. */
  onData(chunk: Buffer): void;
  /** The request is complete. */
  onEnd(): void;
  /** The stream is over: answered and complete, reset by a side, or lost with its connection. Called once, last. */
  onClose(): void;
}

/** An answer that is the same for every request: one head, one short message, one trailer. */
export interface PreparedAnswer extends PreparedFrames {
  /** Bytes of the message: what flow control counts. */
  readonly dataBytes: number;
}

/** One request and its answer on a connection (RFC 9113 5). */
export class Stream {
  readonly id: number;
  readonly connection: Connection;
  readonly #sender: Sender;
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
  /** What waits for the client's window. */
  #waiting: Uint8Array[] = [];
  /** The end that comes behind what waits; null: without trailers. */
  #end: Buffer | null | undefined;

  constructor(connection: Connection, id: number, window: ReceiveWindow, sender: Sender) {
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

  /** Sends the head of the answer. */
  respond(fields: readonly Field[], isEnd: boolean): void {
    if (!this.isOpen || this.headersSent) return;
    this.headersSent = true;
    this.#sender.headers(this, encodeFields(fields), isEnd);
  }

  /** Sends a whole answer that was prepared. */
  answer(prepared: PreparedAnswer): void {
    if (!this.isOpen || this.headersSent) return;
    this.headersSent = true;
    if (!this.#sender.prepared(this, prepared)) this.reset(ERROR.FLOW_CONTROL_ERROR);
  }

  /** Sends a piece of the body; what the client's window does not take waits. */
  write(bytes: Uint8Array): void {
    if (!this.isOpen || this.#end !== undefined || bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.pump();
  }

  /** Ends the answer, with trailers if there are any. */
  end(trailers?: readonly Field[]): void {
    if (!this.isOpen || this.#end !== undefined) return;
    this.#end = trailers === undefined ? null : encodeFields(trailers);
    this.pump();
  }

  /** Ends the stream at once. */
  reset(code: number = ERROR.CANCEL): void {
    if (!this.isClosed) this.connection.resetStream(this, code);
  }

  /** Sends what the windows allow. */
  pump(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const room = this.#sender.sendable(this);
      if (room <= 0) return;
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
}
