/**
 * What decides everything about one input: a generator asks it instead of a random number. An input is then a few bytes, which can be kept,
 * changed, made smaller and replayed. Behind its end it says 0, and 0 always means what is plain: the empty tape is a sound request.
 */
export class Tape {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Whether all decisions were used up. */
  get isOver(): boolean {
    return this.#at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.#at++] ?? 0;
  }

  /** A number from 0 to `limit - 1`. */
  below(limit: number): number {
    const value = limit <= 256 ? this.byte() : this.byte() * 65_536 + this.byte() * 256 + this.byte();
    return value % limit;
  }

  /** True `share` times in 256. */
  chance(share: number): boolean {
    return this.byte() >= 256 - share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** So many bytes that follow from a single one. */
  noise(length: number): Buffer {
    let state = this.byte() + 1;
    return Buffer.from(Array.from({ length }, () => (state = (state * 75 + 74) % 65_537) & 0xff));
  }
}

/** Random numbers in [0, 1) that follow from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LONGEST = 512;

export function randomTape(random: () => number): Uint8Array {
  const length = Math.floor(random() ** 2 * LONGEST) + 4;
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** A neighbour of a tape: a few bytes changed, left out, doubled, or taken from another. */
export function mutateTape(tape: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  let bytes = [...tape];
  const place = (): number => Math.floor(random() * (bytes.length + 1));
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    const at = place();
    const length = 1 + Math.floor(random() * 8);
    const kind = Math.floor(random() * 6);
    if (kind <= 1) bytes[at] = Math.floor(random() * 256);
    else if (kind === 2) bytes.splice(at, length);
    else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else if (kind === 4) bytes.splice(at, 0, ...Array.from({ length }, () => Math.floor(random() * 256)));
    else bytes = [...bytes.slice(0, at), ...other.slice(Math.floor(random() * other.length))];
  }
  return Uint8Array.from(bytes.slice(0, LONGEST), (byte) => byte ?? 0);
}

/** Smaller neighbours of a tape, the smallest first: blocks left out, then bytes put to 0. */
export function* smallerTapes(tape: Uint8Array): Generator<Uint8Array> {
  for (let size = tape.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size <= tape.length; at += size) yield Uint8Array.from([...tape.subarray(0, at), ...tape.subarray(at + size)]);
  }
  for (const [at, byte] of tape.entries()) if (byte !== 0) yield tape.with(at, 0);
}
