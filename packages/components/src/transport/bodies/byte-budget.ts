/** Bytes that may be held at one time. Single-threaded bookkeeping: nothing waits here, callers refuse instead. */
export class ByteBudget {
  readonly capacity: number;
  #used = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes `bytes` when they fit, else leaves the budget as it is. */
  tryTake(bytes: number): boolean {
    if (this.#used + bytes > this.capacity) return false;
    this.#used += bytes;
    return true;
  }

  /**
   * Whether somebody who holds `held` could go up to `total` now. Takes nothing: an announcement costs its sender nothing, so
   * it must not keep others out.
   */
  hasRoom(held: number, total: number): boolean {
    return this.#used - held + total <= this.capacity || this.#used <= held;
  }

  /** As `tryTake` for somebody who holds `held` already; when nobody else holds anything it always succeeds, so no request starves. */
  tryGrow(held: number, bytes: number): boolean {
    if (this.tryTake(bytes)) return true;
    if (this.#used > held) return false;
    this.#used += bytes;
    return true;
  }

  /** Returns what was taken. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}
