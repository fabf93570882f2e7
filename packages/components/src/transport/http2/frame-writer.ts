import type { Socket } from "node:net";
import { FLAG, MAX_FRAME_BYTES, TYPE } from "./frame.ts";
import { Outbox, type PreparedFrames } from "./outbox.ts";

const NOTHING: Buffer = Buffer.alloc(0);
const PING_PAYLOAD: Buffer = Buffer.alloc(8);

/** Says things on one connection. */
export class FrameWriter {
  readonly #outbox: Outbox;

  constructor(socket: Socket) {
    this.#outbox = new Outbox(socket);
  }

  /** Whether the client reads so slowly that it should be cut off. */
  get isStuck(): boolean {
    return this.#outbox.isStuck;
  }

  settings(payload: Buffer): void {
    this.#outbox.frame(TYPE.SETTINGS, 0, 0, payload);
  }

  settingsAck(): void {
    this.#outbox.frame(TYPE.SETTINGS, FLAG.ACK, 0, NOTHING);
  }

  ping(): void {
    this.#outbox.frame(TYPE.PING, 0, 0, PING_PAYLOAD);
  }

  pingAck(payload: Buffer): void {
    this.#outbox.frame(TYPE.PING, FLAG.ACK, 0, payload);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#outbox.frame(TYPE.WINDOW_UPDATE, 0, streamId, uint32(bytes));
  }

  reset(streamId: number, code: number): void {
    this.#outbox.frame(TYPE.RST_STREAM, 0, streamId, uint32(code));
  }

  goaway(lastId: number, code: number, reason: string): void {
    const payload = Buffer.alloc(8 + Buffer.byteLength(reason));
    payload.writeUInt32BE(lastId, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(reason, 8);
    this.#outbox.frame(TYPE.GOAWAY, 0, 0, payload);
  }

  /** A block that is too long for one frame goes on in CONTINUATION frames. */
  headers(streamId: number, block: Buffer, isEnd: boolean): void {
    const endStream = isEnd ? FLAG.END_STREAM : 0;
    let end = MAX_FRAME_BYTES;
    const endHeaders = (): number => (end >= block.length ? FLAG.END_HEADERS : 0);
    this.#outbox.frame(TYPE.HEADERS, endHeaders() | endStream, streamId, block.subarray(0, end));
    while (end < block.length) {
      const start = end;
      end += MAX_FRAME_BYTES;
      this.#outbox.frame(TYPE.CONTINUATION, endHeaders(), streamId, block.subarray(start, end));
    }
  }

  data(streamId: number, bytes: Uint8Array, isEnd: boolean): void {
    this.#outbox.frame(TYPE.DATA, isEnd ? FLAG.END_STREAM : 0, streamId, bytes);
  }

  prepared(frames: PreparedFrames, streamId: number): void {
    this.#outbox.prepared(frames, streamId);
  }

  /** Hands everything over to the socket now. */
  flush(): void {
    this.#outbox.flush();
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
