import type { Socket } from "node:net";
import { HEAD_BYTES, writeHead, writeStreamId } from "./frame.ts";

const CAPACITY = 16 << 10;
/** A client that sends and does not read must not fill our memory with answers. */
const MAX_WAITING_BYTES = 4 << 20;

/** Frames that were prepared once; the places where the stream id belongs are filled in each time. */
export interface PreparedFrames {
  readonly bytes: Buffer;
  readonly idOffsets: readonly number[];
}

/** What leaves on one connection. Everything that is said in one turn of the event loop goes out in one write. */
export class Outbox {
  readonly #socket: Socket;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #length = 0;
  #isScheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether the client reads so slowly that it should be cut off. */
  get isStuck(): boolean {
    return this.#socket.writableLength > MAX_WAITING_BYTES;
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const at = this.#reserve(HEAD_BYTES);
    writeHead(this.#buffer, at, payload.length, type, flags, streamId);
    this.#append(payload);
  }

  prepared({ bytes, idOffsets }: PreparedFrames, streamId: number): void {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
    for (const offset of idOffsets) writeStreamId(this.#buffer, at + offset, streamId);
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#length === 0) return;
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(bytes);
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length <= CAPACITY >> 2) {
      this.#buffer.set(bytes, this.#reserve(bytes.length));
      return;
    }
    this.flush();
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(bytes);
  }

  /** `bytes` must be less than the capacity. */
  #reserve(bytes: number): number {
    if (this.#length + bytes > CAPACITY) this.flush();
    const at = this.#length;
    this.#length += bytes;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(() => this.flush());
    }
    return at;
  }
}
