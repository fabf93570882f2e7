import type { Random } from "../contract/clock.ts";

/** xorshift32: small, fast, the same everywhere. */
export function seededRandom(seed = 0x9e3779b9): Random {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
