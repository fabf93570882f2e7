import type { Bits56 } from "./threshold.ts";

const FNV_PRIME = 0x01000193;
const FNV_OFFSET = 0x811c9dc5;
const BUCKETS = 0x4000;

/** FNV-1a, 32 bits, over the little-endian seed and then `bytes`: the hash of the Collector's sampler. */
export function fnv1a32(bytes: Uint8Array, seed: number): number {
  let hash = FNV_OFFSET;
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 0xff), FNV_PRIME);
  for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), FNV_PRIME);
  return hash >>> 0;
}

/**
 * Randomness out of a hash, laid out as the Collector does: 14 bits that alone decide (turned round, so that a small hash is
 * kept), 28 bits mixed from the unused bits of the hash, and the 14 bits of the hash itself.
 */
export function hashRandomness(bytes: Uint8Array, seed: number): Bits56 {
  const hash = fnv1a32(bytes, seed);
  const bucket = hash & (BUCKETS - 1);
  const unused = hash >>> 18;
  const mixed = unused ^ (unused << 10);
  return { high: ((BUCKETS - 1 - bucket) << 14) | (mixed >>> 14), low: ((mixed & (BUCKETS - 1)) << 14) | bucket };
}

/** The threshold of `hash_seed` mode: 14 bits, in the 32-bit arithmetic of the Collector. `undefined` when it rounds to nothing. */
export function hashThreshold(percentage: number): Bits56 | undefined {
  const kept = Math.trunc(Math.fround(Math.fround(percentage) * Math.fround(BUCKETS / 100)));
  return kept === 0 ? undefined : { high: (BUCKETS - Math.min(kept, BUCKETS)) << 14, low: 0 };
}
