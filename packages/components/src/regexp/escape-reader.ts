const CONTROLS: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 };
const HEX = /\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y;
/** ASCII but letters and digits: stands for itself behind a backslash. */
const ITSELF = /^[\0-/:-@[-`{-\u007f]$/;

/** Reads an escape that stands for one character; undefined when it is none. */
export function readEscape(pattern: string, at: number): { readonly code: number; readonly end: number } | undefined {
  const char = pattern.charAt(at + 1);
  const code = CONTROLS[char] ?? (ITSELF.test(char) ? char.charCodeAt(0) : undefined);
  if (code !== undefined) return { code, end: at + 2 };
  HEX.lastIndex = at;
  const hex = HEX.exec(pattern);
  const value = Number.parseInt(hex?.[1] ?? hex?.[2] ?? "", 16);
  return value <= 0x10ffff ? { code: value, end: HEX.lastIndex } : undefined;
}
