/**
 * Two MurmurHash3_x86_32 lanes (Appleby, 2011) with seeds and multipliers of their own over the same bytes; 52 bits of
 * the 64 make one number. `commit` ends an element of an unordered collection: elements are added, so their order is lost.
 */
export class PairHash {
  #a = 0;
  #b = 0;
  #length = 0;
  #sumA = 0;
  #sumB = 0;
  #elements = 0;
  #bytes: Uint8Array | undefined;
  #view: DataView | undefined;

  reset(): void {
    this.#sumA = 0x1b56c4e9;
    this.#sumB = 0x7ed55d16;
    this.#elements = 0;
    this.#open();
  }

  bytes(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view!;
    let a = this.#a;
    let b = this.#b;
    let pos = start;
    for (const last = end - 4; pos <= last; pos += 4) {
      const word = view.getInt32(pos, true);
      a = stepA(a, word);
      b = stepB(b, word);
    }
    if (pos < end) {
      let word = 0;
      for (let shift = 0; pos < end; shift += 8) word |= bytes[pos++]! << shift;
      a = stepA(a, word);
      b = stepB(b, word);
    }
    this.#a = a;
    this.#b = b;
    // Delimits what follows: the same bytes cut at another place give another hash.
    this.word(end - start);
  }

  word(value: number): void {
    this.#a = stepA(this.#a, value);
    this.#b = stepB(this.#b, value);
    this.#length++;
  }

  /** A number made by `value()`. */
  value52(value: number): void {
    this.word(value | 0);
    this.word(Math.floor(value / 2 ** 32));
  }

  commit(): void {
    this.#sumA = (this.#sumA + finish(this.#a ^ this.#length)) | 0;
    this.#sumB = (this.#sumB + finish(this.#b ^ this.#length)) | 0;
    this.#elements++;
    this.#open();
  }

  /** The hash of the committed elements, 0 .. 2^52-1. */
  value(): number {
    const a = finish(this.#sumA ^ this.#elements);
    const b = finish(this.#sumB ^ this.#elements);
    return (a & 0xf_ffff) * 2 ** 32 + (b >>> 0);
  }

  #open(): void {
    this.#a = 0x243f6a88;
    this.#b = 0x13198a2e;
    this.#length = 0;
  }
}

function stepA(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = hash ^ k;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function stepB(hash: number, word: number): number {
  let k = Math.imul(word, 0x239b961b);
  k = Math.imul((k << 16) | (k >>> 16), 0xab0e9789);
  const mixed = hash ^ k;
  return (Math.imul((mixed << 17) | (mixed >>> 15), 5) + 0x561ccd1b) | 0;
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
