/** One member of a `baggage` header. */
export interface BaggageEntry {
  readonly key: string;
  readonly value: string;
  readonly properties: readonly { readonly key: string; readonly value: string | undefined }[];
}

/** W3C Baggage, "Limits": what must be carried; members beyond it are left out as a whole. */
const MAX_MEMBERS = 64;
const MAX_BYTES = 8192;

/** RFC 9110 token. */
const KEY = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible ASCII and inner blanks: wider than baggage-octet, since encoders in use leave some characters unencoded. */
const VALUE = /^[\t\x20-\x7e]*$/;

const decoder = new TextDecoder();

/** Reverses percent-encoding; bytes that are no UTF-8 become U+FFFD, a `%` without two hex digits stays. */
function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === "%" ? text.slice(i + 1, i + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes[length++] = Number.parseInt(hex, 16);
      i += 2;
    } else bytes[length++] = text.charCodeAt(i);
  }
  return decoder.decode(bytes.subarray(0, length));
}

/** Without blanks at both ends. A regular expression would be quadratic in blanks between words. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function split(pair: string): [key: string, value: string | undefined] {
  const at = pair.indexOf("=");
  return at < 0 ? [trim(pair), undefined] : [trim(pair.slice(0, at)), trim(pair.slice(at + 1))];
}

function parseMember(member: string): BaggageEntry | undefined {
  const [first = "", ...rest] = member.split(";");
  const [key, value] = split(first);
  if (value === undefined || !KEY.test(key) || !VALUE.test(value)) return undefined;
  const properties = rest.map(split).filter(([name, text]) => KEY.test(name) && VALUE.test(text ?? ""));
  // Keys are tokens and never encoded; values of members and of properties are.
  return {
    key,
    value: percentDecode(value),
    properties: properties.map(([name, text]) => ({ key: name, value: text === undefined ? undefined : percentDecode(text) })),
  };
}

/**
 * Reads W3C `baggage` header values, in order, duplicates included. Members that are malformed, or that come after 64
 * members or 8192 bytes, are left out; the others count.
 */
export function parseBaggage(headers: readonly string[]): BaggageEntry[] {
  const entries: BaggageEntry[] = [];
  let bytes = 0;
  for (const member of headers.flatMap((header) => header.split(","))) {
    const separator = bytes === 0 ? 0 : 1;
    if (entries.length >= MAX_MEMBERS || bytes + separator + member.length > MAX_BYTES) continue;
    const entry = parseMember(member);
    if (entry === undefined) continue;
    bytes += separator + member.length;
    entries.push(entry);
  }
  return entries;
}
