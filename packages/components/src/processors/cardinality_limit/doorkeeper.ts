const BITS_PER_SERIES = 10;
const HASHES = 7;
const MIN_SERIES = 1024;

/** A Bloom filter over 52-bit identities: 10 bits a series and 7 hashes give 0.8 % false positives when full. */
class BloomFilter {
  readonly #words: Uint32Array;
  readonly #mask: number;
  count = 0;

  constructor(series: number) {
    const bits = 2 ** Math.ceil(Math.log2(series * BITS_PER_SERIES));
    this.#words = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  has(identity: number): boolean {
    return this.#visit(identity, false);
  }

  /** Adds a series; returns whether it was there already. */
  add(identity: number): boolean {
    const known = this.#visit(identity, true);
    if (!known) this.count += 1;
    return known;
  }

  #visit(identity: number, adds: boolean): boolean {
    // Double hashing (Kirsch and Mitzenmacher): two halves of the identity stand for any number of hashes.
    let hash = Math.imul(identity | 0, 0x85ebca6b);
    const step = Math.imul(Math.floor(identity / 0x100000) | 0, 0xc2b2ae35) | 1;
    let known = true;
    for (let at = 0; at < HASHES; at += 1) {
      const bit = (hash ^ (hash >>> 15)) & this.#mask;
      const word = this.#words[bit >>> 5] as number;
      const flag = 1 << (bit & 31);
      if ((word & flag) === 0) {
        if (!adds) return false;
        known = false;
        this.#words[bit >>> 5] = word | flag;
      }
      hash = (hash + step) | 0;
    }
    return known;
  }
}

/**
 * Lets a series in when it is seen for the second time within two periods: series that appear once (ids in attributes) never
 * take a place. Two filters take turns; a filter that is full ends its period early.
 */
export class Doorkeeper {
  #current: BloomFilter;
  #previous: BloomFilter;
  readonly #capacity: number;

  constructor(limit: number) {
    this.#capacity = Math.max(MIN_SERIES, 4 * limit);
    this.#current = new BloomFilter(this.#capacity);
    this.#previous = this.#current;
  }

  /** Whether the series was seen before. Remembers it either way. */
  seenBefore(identity: number): boolean {
    const known = this.#current.add(identity) || (this.#previous !== this.#current && this.#previous.has(identity));
    if (this.#current.count >= this.#capacity) this.rotate();
    return known;
  }

  /** Begins a new period: what was seen only before the last one is forgotten. */
  rotate(): void {
    this.#previous = this.#current;
    this.#current = new BloomFilter(this.#capacity);
  }
}
