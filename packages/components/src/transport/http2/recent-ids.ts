/** More than a client can have under way on one connection before it hears of an end. */
const CAPACITY = 2048;

/** The ids that were added last. */
export class RecentIds {
  readonly #ids = new Set<number>();

  add(id: number): void {
    if (this.#ids.size === CAPACITY) this.#ids.delete(this.#ids.values().next().value as number);
    this.#ids.add(id);
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }
}
