/** Flow control of what comes in (RFC 9113 5.2): how much the other side may still send, and when to let it send more. */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;
  #consumed = 0;

  /** `size` in bytes. */
  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Books bytes that came; false when they are more than was allowed. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Books bytes that somebody has dealt with: the other side may send as many again. */
  use(bytes: number): void {
    this.#consumed += bytes;
  }

  /** Bytes to announce by WINDOW_UPDATE now; 0 while less than half of the window is used up. */
  renew(): number {
    if (this.#consumed < this.#size >> 1) return 0;
    const bytes = this.#consumed;
    this.#left += bytes;
    this.#consumed = 0;
    return bytes;
  }
}
