import { BodyBuffer } from "./bodies/body-buffer.ts";

/**
 * gRPC length-prefixed message:
 *   byte 0     0 plain, 1 compressed with the stream's grpc-encoding
 *   bytes 1-4  length of the message, big endian
 *   bytes 5-   the message
 */
export const FRAME_HEAD = 5;

/** Writes the 5 bytes that stand before a message. */
export function frameHead(length: number, compressed: boolean): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(length, 1);
  return head;
}

/** Reads the one message of a unary call from DATA chunks cut anywhere. */
export class UnaryMessage {
  /** Length of the message, or -1 until its 5 byte head is complete. */
  length = -1;
  compressed = false;
  /** Whether the last chunk was copied, so that its memory is not needed any more. */
  isCopied = false;
  #head: Buffer | undefined;
  #body: BodyBuffer | undefined;

  /** Bytes of the message that have arrived. */
  get received(): number {
    return this.#body?.length ?? 0;
  }

  /** Takes the next chunk; says what is wrong with the framing, if anything. After `length` is known the caller decides whether to go on. */
  push(chunk: Buffer): string | undefined {
    if (this.#body !== undefined) return this.#pushBody(chunk);
    const all = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    if (all.length < FRAME_HEAD) {
      this.#head = all;
      return undefined;
    }
    const flag = all[0] ?? 0;
    if (flag > 1) return `bad gRPC frame: compressed flag is ${flag}; it must be 0 or 1`;
    this.compressed = flag === 1;
    this.length = all.readUInt32BE(1);
    this.#body = new BodyBuffer(this.length);
    return all.length > FRAME_HEAD ? this.#pushBody(all.subarray(FRAME_HEAD)) : undefined;
  }

  /** What is missing at the end of the stream, if anything. */
  end(): string | undefined {
    if (this.#body === undefined) {
      return this.#head === undefined
        ? "the call carries no message; a unary call needs one"
        : `bad gRPC frame: ${this.#head.length} bytes of its 5 byte head`;
    }
    if (this.#body.length < this.length) return `bad gRPC frame: ${this.#body.length} bytes of a message of ${this.length}`;
    return undefined;
  }

  take(): Buffer {
    return this.#body?.take() ?? Buffer.alloc(0);
  }

  #pushBody(chunk: Buffer): string | undefined {
    const body = this.#body as BodyBuffer;
    if (body.length + chunk.length > this.length) return "bad gRPC frame: bytes after the message; a unary call carries exactly one";
    this.isCopied = body.push(chunk);
    return undefined;
  }
}
