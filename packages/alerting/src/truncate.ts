const ELLIPSIS = "…";
const ELLIPSIS_BYTES = 3;

const encoder = new TextEncoder();

/** Length of `text` in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}

/**
 * Cuts `text` to at most `maxBytes` of UTF-8, between two characters, and marks the cut with `…` where there is room for it.
 * Chat services limit messages by bytes, and answer an error to a text that is one byte too long.
 */
export function truncateUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || utf8Length(text) <= maxBytes) return text;
  const marker = maxBytes >= ELLIPSIS_BYTES ? ELLIPSIS : "";
  const room = Math.max(0, maxBytes - (marker === "" ? 0 : ELLIPSIS_BYTES));
  // encodeInto writes whole characters only, which is the cut that is wanted.
  const { read } = encoder.encodeInto(text, new Uint8Array(room));
  return text.slice(0, read) + marker;
}
