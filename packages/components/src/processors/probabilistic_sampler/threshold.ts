/**
 * Arithmetic of consistent probability sampling (OTEP 235, tracestate-probability-sampling.md). Randomness R and rejection
 * threshold T are 56-bit numbers, kept as two 28-bit halves: they fit into small integers, so comparing them costs nothing.
 */
export interface Bits56 {
  readonly high: number;
  readonly low: number;
}

const HALF = 2 ** 28;
const HEX_DIGITS = 14;
const MAX_ADJUSTED_COUNT = 2 ** 56;

/** The smallest sampling probability that a threshold can express, 2^-56. */
export const MIN_PROBABILITY: number = 2 ** -56;
/** T = 0: everything is kept. */
export const ALWAYS: Bits56 = { high: 0, low: 0 };
/** T = 2^56: larger than every R, so nothing is kept. */
export const NEVER: Bits56 = { high: HALF, low: 0 };
/** R = 2^56 - 1: kept at every probability but 0. */
export const EVERY_PROBABILITY: Bits56 = { high: HALF - 1, low: HALF - 1 };

/** Whether an item with randomness `r` survives threshold `t`: R >= T. */
export function isSampled(r: Bits56, t: Bits56): boolean {
  return r.high > t.high || (r.high === t.high && r.low >= t.low);
}

/** Whether threshold `a` rejects fewer items than `b`. */
export function isLess(a: Bits56, b: Bits56): boolean {
  return a.high < b.high || (a.high === b.high && a.low < b.low);
}

/** Reads 14 hex digits. */
export function bitsFromHex(hex: string): Bits56 {
  return { high: Number.parseInt(hex.slice(0, 7), 16), low: Number.parseInt(hex.slice(7), 16) };
}

/** Writes 14 lower-case hex digits. */
export function bitsToHex(bits: Bits56): string {
  return bits.high.toString(16).padStart(7, "0") + bits.low.toString(16).padStart(7, "0");
}

/** Reads a `th` value: 1 to 14 hex digits, missing ones are zeros. `undefined` when it is none. */
export function parseThreshold(text: string): Bits56 | undefined {
  return /^[0-9a-fA-F]{1,14}$/.test(text) ? bitsFromHex(text.padEnd(HEX_DIGITS, "0")) : undefined;
}

/** Reads an `rv` value: exactly 14 hex digits. `undefined` when it is none. */
export function parseRandomness(text: string): Bits56 | undefined {
  return /^[0-9a-fA-F]{14}$/.test(text) ? bitsFromHex(text) : undefined;
}

/** Writes a `th` value: trailing zeros are left out, `0` means 100 %. `NEVER` has none. */
export function formatThreshold(t: Bits56): string {
  return bitsToHex(t).replace(/0+$/, "") || "0";
}

/** Probability that an item survives `t`. */
export function probabilityOf(t: Bits56): number {
  // Subtracting before anything is rounded keeps small probabilities exact.
  return ((HALF - t.high) * HALF - t.low) / MAX_ADJUSTED_COUNT;
}

/** How many items of the population one kept item stands for. */
export function adjustedCount(t: Bits56): number {
  return 1 / probabilityOf(t);
}

/** Binary exponent as in C's `frexp`: 2^(e-1) <= x < 2^e. */
function exponentOf(x: number): number {
  let exponent = Math.floor(Math.log2(x)) + 1;
  if (2 ** exponent <= x) exponent += 1;
  if (2 ** (exponent - 1) > x) exponent -= 1;
  return exponent;
}

/**
 * Turns a probability into a threshold with `precision` significant hex digits; leading digits `f` and `0` do not count.
 * `undefined` when the probability is outside [2^-56, 1].
 */
export function thresholdOf(probability: number, precision: number = HEX_DIGITS): Bits56 | undefined {
  if (!(probability >= MIN_PROBABILITY && probability <= 1)) return undefined;
  if (probability === 1) return ALWAYS;
  const leading = Math.max(Math.trunc(-exponentOf(probability) / 4), Math.trunc(-exponentOf(1 - probability) / 4), 0);
  const digits = Math.min(HEX_DIGITS, precision + leading);
  // BigInt, because 2^56 - x does not fit a double; this runs once per configuration or distinct arriving threshold.
  let rejected = 2n ** 56n - BigInt(Math.round(probability * MAX_ADJUSTED_COUNT));
  const shift = BigInt(4 * (HEX_DIGITS - digits));
  if (shift > 0n) rejected = ((rejected + (1n << (shift - 1n))) >> shift) << shift;
  return { high: Number(rejected >> 28n), low: Number(rejected & 0xfffffffn) };
}
