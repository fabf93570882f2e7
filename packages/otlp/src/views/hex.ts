const digits = "0123456789abcdef";
const pairs: readonly string[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) => digits[byte >>> 4]! + digits[byte & 15]!);

/** Lower-case hexadecimal of `bytes[start, end)`. */
export function hex(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let pos = start; pos < end; pos++) text += pairs[bytes[pos]!]!;
  return text;
}
