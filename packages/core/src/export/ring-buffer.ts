const FIRST_CAPACITY = 16;
/** An empty list larger than this gives its places back. */
const LARGE = 1024;

/**
 * A first-in-first-out list whose ends both cost O(1): `Array.shift` moves a long list by one place for each element. Places
 * that were left are emptied, so that nothing is kept alive by them.
 */
export class RingBuffer<T> {
  #slots: (T | undefined)[] = empty(FIRST_CAPACITY);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value;
    this.#length += 1;
  }

  /** The oldest element, which stays. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** Takes the oldest element. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    if (this.#length === 0 && this.#slots.length > LARGE) this.#shrink();
    return value;
  }

  /** The capacity is a power of two, so that places are found with a mask. */
  #grow(): void {
    const slots = empty<T>(this.#slots.length * 2);
    for (let at = 0; at < this.#length; at++) slots[at] = this.#slots[(this.#head + at) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }

  #shrink(): void {
    this.#slots = empty(FIRST_CAPACITY);
    this.#head = 0;
  }
}

function empty<T>(capacity: number): (T | undefined)[] {
  return Array.from({ length: capacity }, () => undefined);
}
