/** Result of `parseInteger64`: the two 32-bit halves, two's complement. */
export interface Integer64 {
  low: number;
  high: number;
}

/**
 * Parses the decimal integer in `bytes[start, end)` into 64 bits without losing digits and without bigint.
 * False when it is not a plain decimal integer (`-`, digits) or does not fit: signed −2^63…2^63−1, unsigned 0…2^64−1.
 */
export function parseInteger64(bytes: Uint8Array, start: number, end: number, signed: boolean, result: Integer64): boolean {
  const negative = bytes[start] === 0x2d;
  let at = negative ? start + 1 : start;
  if (at === end) return false;
  let low = 0;
  let high = 0;
  while (at < end) {
    // Six digits a step keep every product below 2^53.
    let chunk = 0;
    let scale = 1;
    for (const stop = Math.min(end, at + 6); at < stop; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return false;
      chunk = chunk * 10 + digit;
      scale *= 10;
    }
    const product = low * scale + chunk;
    low = product % 2 ** 32;
    high = high * scale + (product - low) / 2 ** 32;
    if (high >= 2 ** 32) return false;
  }
  if (signed ? !fitsSigned(low, high, negative) : negative && (low > 0 || high > 0)) return false;
  result.low = negative ? (~low + 1) >>> 0 : low;
  result.high = negative ? (~high + (low === 0 ? 1 : 0)) >>> 0 : high;
  return true;
}

/** Whether a magnitude fits two's complement: up to 2^63-1, and 2^63 when negative. */
function fitsSigned(low: number, high: number, negative: boolean): boolean {
  return high < 2 ** 31 || (negative && high === 2 ** 31 && low === 0);
}
