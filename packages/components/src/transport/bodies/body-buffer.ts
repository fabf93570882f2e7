/** A body up to this size gets its final memory as soon as an eighth of it has arrived; never on the word of a length field alone. */
const EAGER_BYTES = 1 << 20;
const EAGER_SHARE = 8;
/** Shorter pieces are copied together: each that is kept costs an object of its own and maybe the whole read buffer around it. */
const SHORT_PIECE = 16 << 10;
const SLAB_BYTES = 64 << 10;
/** To give memory back costs about a microsecond. */
const WORTH_GIVING_BACK = 16 << 10;

/**
 * Gathers a body that arrives in pieces, in memory of about its own size however it was cut. A body of one piece is handed on
 * without a copy; one of known, moderate length is copied once into its final place; others are joined at the end.
 */
export class BodyBuffer {
  readonly #expected: number;
  #first: Buffer | undefined;
  #target: Buffer | undefined;
  #rest: Buffer[] | undefined;
  /** Where short pieces go; `[slabStart, slabEnd)` is filled and not in `rest` yet. */
  #slab: Buffer | undefined;
  #slabStart = 0;
  #slabEnd = 0;
  #length = 0;

  /** `expected` is the length that was announced, or -1. More bytes than announced must not be pushed. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  /** Takes the next piece. True: it was copied, and its memory is not needed any more. */
  push(chunk: Buffer): boolean {
    const at = this.#length;
    this.#length += chunk.length;
    if (this.#target === undefined && this.#isEager(chunk)) this.#target = this.#openTarget();
    if (this.#target !== undefined) {
      this.#target.set(chunk, at);
      return true;
    }
    if (this.#first === undefined) {
      this.#first = chunk;
    } else if (this.#rest !== undefined) {
      this.#gather(chunk);
    } else {
      this.#rest = [];
      this.#gather(this.#first);
      this.#gather(chunk);
    }
    return false;
  }

  /** All bytes so far. The result owns its memory: it never keeps a much larger read buffer alive. */
  take(): Buffer {
    if (this.#target !== undefined) return this.#target.subarray(0, this.#length);
    if (this.#rest === undefined) return ownBytes(this.#first ?? Buffer.alloc(0));
    this.#closeSlab();
    return Buffer.concat(this.#rest, this.#length);
  }

  #isEager(chunk: Buffer): boolean {
    const expected = this.#expected;
    if (chunk.length === expected) return isSmallPart(chunk);
    return expected >= this.#length && expected <= EAGER_BYTES && this.#length * EAGER_SHARE >= expected;
  }

  /** The final place of the body, with what has arrived before in it. */
  #openTarget(): Buffer {
    const target = Buffer.allocUnsafeSlow(this.#expected);
    this.#closeSlab();
    let at = 0;
    for (const piece of this.#rest ?? (this.#first === undefined ? [] : [this.#first])) {
      target.set(piece, at);
      at += piece.length;
    }
    this.#rest = undefined;
    this.#slab = undefined;
    return target;
  }

  #gather(chunk: Buffer): void {
    if (chunk.length >= SHORT_PIECE) {
      this.#closeSlab();
      this.#rest?.push(chunk);
      return;
    }
    if (this.#slab === undefined || this.#slabEnd + chunk.length > this.#slab.length) {
      this.#closeSlab();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SHORT_PIECE, Math.min(SLAB_BYTES, this.#length)));
      this.#slabStart = 0;
      this.#slabEnd = 0;
    }
    this.#slab.set(chunk, this.#slabEnd);
    this.#slabEnd += chunk.length;
  }

  /** Puts what was copied together into its place among the long pieces. */
  #closeSlab(): void {
    if (this.#slab !== undefined && this.#slabEnd > this.#slabStart) this.#rest?.push(this.#slab.subarray(this.#slabStart, this.#slabEnd));
    this.#slabStart = this.#slabEnd;
  }
}

/** Whether nothing else lies in the memory of `bytes`, so that it can be given back with them. */
export function isAlone(bytes: Buffer): boolean {
  return bytes.length === bytes.buffer.byteLength;
}

/** The same bytes, copied when they are less than half of the memory they keep alive. */
export function ownBytes(bytes: Buffer): Buffer {
  if (!isSmallPart(bytes)) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes, 0);
  return own;
}

/**
 * Gives the memory of a read buffer back at once, when the bytes are all of it; nobody may need them any more. Left to the collector, as many bytes again
 * as all bodies have would wait for it.
 */
export function giveBack({ buffer, length }: Buffer): void {
  if (length >= WORTH_GIVING_BACK && length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function isSmallPart(bytes: Buffer): boolean {
  return bytes.length * 2 < bytes.buffer.byteLength;
}
