const digits = "0123456789abcdef";

/** Lower-case hexadecimal of `bytes[start, end)`. */
export function hex(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let pos = start; pos < end; pos++) text += digits[bytes[pos]! >>> 4]! + digits[bytes[pos]! & 15]!;
  return text;
}
