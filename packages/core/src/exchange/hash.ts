const MULTIPLIER_A = 0x85ebca6b;
const MULTIPLIER_B = 0xc2b2ae35;

/** Folds a number (an integer up to 2^53) into a 32-bit hash; the finalizer of MurmurHash3 (Appleby, 2011). */
export function mixHash(hash: number, value: number): number {
  return mixWord(mixWord(hash, value | 0), Math.floor(value / 2 ** 32));
}

/** FNV-1a over the UTF-16 units of a text, mixed. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixWord(hash, text.length);
}

/**
 * Jump consistent hash (Lamping & Veach, 2014) on a 32-bit generator: the bucket, 0 .. count-1, of an unsigned 32-bit hash. With
 * one bucket more, only the keys that go there move.
 */
export function jumpHash(hash: number, count: number): number {
  let state = hash | 0;
  let bucket = 0;
  for (let next = 0; next < count;) {
    bucket = next;
    state = (state + 0x9e3779b9) | 0;
    next = Math.floor(((bucket + 1) * 2 ** 32) / (mixWord(state, 0) + 1));
  }
  return bucket;
}

function mixWord(hash: number, word: number): number {
  // Multiplied first, so that hash and word cannot cancel each other out.
  let mixed = Math.imul(hash, 0x9e3779b1) ^ word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), MULTIPLIER_A);
  mixed = Math.imul(mixed ^ (mixed >>> 13), MULTIPLIER_B);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
