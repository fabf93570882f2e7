/** Above this size memory is claimed as the bytes arrive, not on the word of a length field. */
const EAGER_BYTES = 1 << 20;

/**
 * Gathers a body that arrives in pieces. A body of one piece is handed on without a copy; one of known, moderate length is
 * copied once into its final place; others are joined at the end.
 */
export class BodyBuffer {
  readonly #expected: number;
  #first: Buffer | undefined;
  #target: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #length = 0;

  /** `expected` is the length that was announced, or -1. More bytes than announced must not be pushed. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    const at = this.#length;
    this.#length += chunk.length;
    if (this.#target !== undefined) {
      this.#target.set(chunk, at);
    } else if (this.#first === undefined) {
      this.#first = chunk;
    } else if (this.#rest !== undefined) {
      this.#rest.push(chunk);
    } else if (this.#expected >= this.#length && this.#expected <= EAGER_BYTES) {
      this.#target = Buffer.allocUnsafeSlow(this.#expected);
      this.#target.set(this.#first, 0);
      this.#target.set(chunk, at);
    } else {
      this.#rest = [this.#first, chunk];
    }
  }

  /** All bytes so far. The result owns its memory: it never keeps a much larger read buffer alive. */
  take(): Buffer {
    if (this.#target !== undefined) return this.#target.subarray(0, this.#length);
    if (this.#rest !== undefined) return Buffer.concat(this.#rest, this.#length);
    return ownBytes(this.#first ?? Buffer.alloc(0));
  }
}

/** The same bytes, copied when they are less than half of the memory they keep alive. */
export function ownBytes(bytes: Buffer): Buffer {
  if (bytes.length * 2 >= bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes, 0);
  return own;
}
