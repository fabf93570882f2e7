import type { CharSet } from "./char-set.ts";

/** How JavaScript writes a set of characters, or, `negated`, all but these. */
export function setSource(set: CharSet, negated: boolean): string {
  if (!negated && set.length === 2 && set[0] === set[1]) return charSource(set[0] ?? 0);
  let inner = "";
  for (let i = 0; i < set.length; i += 2) {
    const [first = 0, last = 0] = [set[i], set[i + 1]];
    inner += first === last ? charSource(first) : `${charSource(first)}-${charSource(last)}`;
  }
  return `[${negated ? "^" : ""}${inner}]`;
}

function charSource(code: number): string {
  const char = String.fromCodePoint(code);
  return /^[0-9A-Za-z]$/.test(char) ? char : `\\u{${code.toString(16)}}`;
}
