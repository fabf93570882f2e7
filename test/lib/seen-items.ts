/** Counts which sequence numbers of which senders have arrived, and which arrived twice. */
export class SeenItems {
  #senders = new Map<number, { bits: Uint8Array; distinct: number }>();
  #doubled = 0;

  add(sender: number, sequence: number): void {
    let seen = this.#senders.get(sender);
    if (seen === undefined) {
      seen = { bits: new Uint8Array(1 << 16), distinct: 0 };
      this.#senders.set(sender, seen);
    }
    const byte = sequence >>> 3;
    if (byte >= seen.bits.length) {
      const grown = new Uint8Array(Math.max(seen.bits.length * 2, byte + 1));
      grown.set(seen.bits);
      seen.bits = grown;
    }
    const bit = 1 << (sequence & 7);
    const before = seen.bits[byte] ?? 0;
    if ((before & bit) !== 0) this.#doubled += 1;
    else {
      seen.bits[byte] = before | bit;
      seen.distinct += 1;
    }
  }

  has(sender: number, sequence: number): boolean {
    return ((this.#senders.get(sender)?.bits[sequence >>> 3] ?? 0) & (1 << (sequence & 7))) !== 0;
  }

  get doubled(): number {
    return this.#doubled;
  }

  get distinct(): number {
    let sum = 0;
    for (const { distinct } of this.#senders.values()) sum += distinct;
    return sum;
  }
}
