import { WireError } from "./wire-error.ts";

// Below this length a character loop beats the call into the decoder.
const shortString = 40;

const decoder: InstanceType<typeof TextDecoder> = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder: InstanceType<typeof TextEncoder> = /* @__PURE__ */ new TextEncoder();

/** Decodes `bytes[start, end)`; throws WireError "utf8" when it is not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number, path = ""): string {
  if (end - start <= shortString) {
    const text = shortAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    throw utf8Error(bytes, start, end, path);
  }
}

/** Decodes `bytes[start, end)` if all of it is ASCII. */
function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let pos = start;
  // Each `+` copies what there is so far, hence steps of several characters.
  for (; pos + 4 <= end; pos += 4) {
    const a = bytes[pos]!;
    const b = bytes[pos + 1]!;
    const c = bytes[pos + 2]!;
    const d = bytes[pos + 3]!;
    if ((a | b | c | d) > 0x7f) return undefined;
    if (pos + 8 > end) {
      text += String.fromCharCode(a, b, c, d);
      continue;
    }
    const e = bytes[pos + 4]!;
    const f = bytes[pos + 5]!;
    const g = bytes[pos + 6]!;
    const h = bytes[pos + 7]!;
    if ((e | f | g | h) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
    pos += 4;
  }
  for (; pos < end; pos++) {
    const byte = bytes[pos]!;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Encodes text; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Encodes text into `target` from `at`, which must have room for three bytes per character; returns the end. */
export function encodeUtf8Into(text: string, target: Uint8Array, at: number): number {
  const length = text.length;
  if (length <= shortString) {
    let pos = at;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return at + encoder.encodeInto(text, target.subarray(at)).written;
      target[pos++] = code;
    }
    return pos;
  }
  return at + encoder.encodeInto(text, target.subarray(at)).written;
}

/** Offset of the first byte that breaks UTF-8 (RFC 3629: no overlong forms, no surrogates), or -1. */
export function findInvalidUtf8(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos < end) {
    const lead = bytes[pos]!;
    if (lead < 0x80) {
      pos++;
      continue;
    }
    const width = sequenceWidth(lead);
    if (width === 0 || pos + width > end) return pos;
    const second = bytes[pos + 1]!;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return pos;
    for (let i = 2; i < width; i++) if ((bytes[pos + i]! & 0xc0) !== 0x80) return pos;
    pos += width;
  }
  return -1;
}

function sequenceWidth(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

function lowestSecond(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
}

function utf8Error(bytes: Uint8Array, start: number, end: number, path: string): WireError {
  return new WireError(
    "utf8",
    Math.max(start, findInvalidUtf8(bytes, start, end)),
    path,
    "the string is not UTF-8; send it as UTF-8 or as bytes",
  );
}
