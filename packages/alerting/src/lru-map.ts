/** What an `LruMap` needs to keep its entries in order. Only the map writes these fields. */
export interface LruEntry<K> {
  key: K;
  newer: this | undefined;
  older: this | undefined;
}

/**
 * A map that knows which entry was used longest ago. The links live in the entries themselves, so that touching one costs
 * a few pointer writes and no allocation. Bounds are the caller's: it removes `oldest` until they hold.
 */
export class LruMap<K, E extends LruEntry<K>> {
  readonly #entries = new Map<K, E>();
  #newest: E | undefined;
  #oldest: E | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** The entry that was touched longest ago. */
  get oldest(): E | undefined {
    return this.#oldest;
  }

  /** Looks an entry up without touching it. */
  peek(key: K): E | undefined {
    return this.#entries.get(key);
  }

  /** Looks an entry up and makes it the newest. */
  touch(key: K): E | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry === this.#newest) return entry;
    this.#unlink(entry);
    this.#link(entry);
    return entry;
  }

  /** Adds an entry as the newest. Its key must not be there yet. */
  add(entry: E): void {
    this.#entries.set(entry.key, entry);
    this.#link(entry);
  }

  remove(entry: E): void {
    if (this.#entries.delete(entry.key)) this.#unlink(entry);
  }

  values(): MapIterator<E> {
    return this.#entries.values();
  }

  #link(entry: E): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
  }

  #unlink(entry: E): void {
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    entry.newer = undefined;
    entry.older = undefined;
  }
}
