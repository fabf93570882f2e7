import { FRAME_HEADER_BYTES } from "./exchange-frame.ts";

const LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);

/** Who reads frames. */
export interface FrameHandler {
  /** Asked when a frame begins; false skips its body, and `frame` is not called. */
  accepts(kind: number, id: number, bodyBytes: number): boolean;
  /** A whole frame. The body has memory of its own. */
  frame(kind: number, id: number, body: Buffer): void;
}

/** Cuts a stream of bytes into frames. A body gets its final memory when its frame begins. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #kind = 0;
  #id = 0;
  #body: Buffer | undefined;
  #filled = 0;
  #missing = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  push(chunk: Buffer): void {
    let at = 0;
    for (;;) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) {
        const taken = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, chunk.length - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + taken);
        this.#headerBytes += taken;
        at += taken;
        if (this.#headerBytes < FRAME_HEADER_BYTES) return;
        this.#begin();
      }
      const taken = Math.min(this.#missing, chunk.length - at);
      if (this.#body !== undefined) chunk.copy(this.#body, this.#filled, at, at + taken);
      this.#filled += taken;
      this.#missing -= taken;
      at += taken;
      if (this.#missing > 0) return;
      this.#end();
    }
  }

  #begin(): void {
    const length = this.#header.readUInt32LE(0);
    const bodyBytes = length - (FRAME_HEADER_BYTES - LENGTH_BYTES);
    if (bodyBytes < 0) throw new RangeError("a frame from another worker is shorter than its header");
    this.#kind = this.#header.readUInt8(4);
    this.#id = this.#header.readUInt32LE(5);
    this.#missing = bodyBytes;
    this.#filled = 0;
    const accepted = this.#handler.accepts(this.#kind, this.#id, bodyBytes);
    this.#body = accepted ? (bodyBytes === 0 ? EMPTY : Buffer.allocUnsafe(bodyBytes)) : undefined;
  }

  #end(): void {
    const body = this.#body;
    this.#body = undefined;
    this.#headerBytes = 0;
    if (body !== undefined) this.#handler.frame(this.#kind, this.#id, body);
  }
}
