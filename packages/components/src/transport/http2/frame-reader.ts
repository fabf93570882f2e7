import { ConnectionError, ERROR, FLAG, HEAD_BYTES, MAX_FRAME_BYTES, TYPE } from "./frame.ts";

/** What a frame reader has found. DATA comes in pieces as they arrive, every other frame as a whole. */
export interface FrameSink {
  /** The payload is lent: nothing of it may be kept. */
  onFrame(type: number, flags: number, streamId: number, payload: Buffer): void;
  /** A DATA frame begins; `length` counts its padding too, as flow control does. */
  onDataStart(streamId: number, length: number, flags: number): void;
  /** True: nothing of the chunk is needed any more. */
  onDataChunk(chunk: Buffer): boolean;
  onDataEnd(flags: number): void;
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Cuts the bytes of a connection into frames, however they arrive. Bodies are not gathered and not copied. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #head: Buffer = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #headLength = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Bytes of the current payload that have not come yet; -1 between two frames. */
  #left = -1;
  /** Of these: padding at the end. */
  #padding = 0;
  #padLengthDue = false;
  #payload: Buffer | undefined;
  #payloadLength = 0;
  #isStopped = false;
  /** Somebody holds a part of the chunk that is being read. */
  #isKept = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /**
   * True: nothing of the chunk is needed any more.
   * @throws ConnectionError for frames of a wrong size; whatever the sink throws.
   */
  push(chunk: Buffer, start: number): boolean {
    let at = start;
    this.#isKept = false;
    while (at < chunk.length && !this.#isStopped) {
      if (this.#left < 0) at = this.#readHead(chunk, at);
      else if (this.#type === TYPE.DATA) at = this.#readData(chunk, at);
      else at = this.#readWhole(chunk, at);
    }
    return !this.#isKept;
  }

  /** Reads no further, also not in the bytes that it is reading. */
  stop(): void {
    this.#isStopped = true;
  }

  #readHead(chunk: Buffer, start: number): number {
    if (this.#headLength === 0 && chunk.length - start >= HEAD_BYTES) {
      this.#begin(chunk, start);
      return start + HEAD_BYTES;
    }
    const end = Math.min(chunk.length, start + HEAD_BYTES - this.#headLength);
    this.#headLength += chunk.copy(this.#head, this.#headLength, start, end);
    if (this.#headLength === HEAD_BYTES) {
      this.#headLength = 0;
      this.#begin(this.#head, 0);
    }
    return end;
  }

  #begin(bytes: Buffer, at: number): void {
    const length = bytes.readUIntBE(at, 3);
    this.#type = bytes[at + 3] as number;
    this.#flags = bytes[at + 4] as number;
    this.#streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (length > MAX_FRAME_BYTES) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
    this.#left = length;
    if (this.#type === TYPE.DATA) {
      this.#padding = 0;
      this.#padLengthDue = (this.#flags & FLAG.PADDED) !== 0;
      if (this.#padLengthDue && length === 0) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "a padded frame without its padding");
      this.#sink.onDataStart(this.#streamId, length, this.#flags);
      if (length === 0) this.#endData();
    } else if (length === 0) this.#endWhole(NOTHING);
  }

  #readData(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#padLengthDue) {
      this.#padLengthDue = false;
      this.#padding = chunk[at++] as number;
      this.#left -= 1;
      if (this.#padding > this.#left) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "more padding than frame");
    }
    const data = Math.min(chunk.length - at, this.#left - this.#padding);
    if (data > 0) {
      this.#left -= data;
      if (!this.#sink.onDataChunk(chunk.subarray(at, at + data))) this.#isKept = true;
      at += data;
    }
    const rest = Math.min(chunk.length - at, this.#left);
    // What is left now is padding, or has not arrived.
    if (this.#left <= this.#padding) {
      this.#left -= rest;
      this.#padding -= rest;
      at += rest;
    }
    if (this.#left === 0) this.#endData();
    return at;
  }

  #endData(): void {
    this.#left = -1;
    this.#sink.onDataEnd(this.#flags);
  }

  #readWhole(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.#left);
    if (this.#payload === undefined) {
      if (end - start === this.#left) {
        this.#endWhole(chunk.subarray(start, end));
        return end;
      }
      this.#payload = Buffer.allocUnsafeSlow(this.#left);
      this.#payloadLength = 0;
    }
    this.#payloadLength += chunk.copy(this.#payload, this.#payloadLength, start, end);
    this.#left -= end - start;
    if (this.#left === 0) this.#endWhole(this.#payload);
    return end;
  }

  #endWhole(payload: Buffer): void {
    this.#left = -1;
    this.#payload = undefined;
    this.#sink.onFrame(this.#type, this.#flags, this.#streamId, payload);
  }
}
