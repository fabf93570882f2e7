const FIRST_BYTES = 16 * 1024;

/** Collects bytes. The pieces are copied: each of thousands of small ones would cost far more memory than its bytes, and keep what it was read into. */
export class GrowingBuffer {
  #bytes = Buffer.alloc(0);
  #length = 0;

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** What has been added so far. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
