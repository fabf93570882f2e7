import type { Field } from "./header-decoder.ts";
import { STATIC_TABLE } from "./static-table.ts";

/**
 * Writes a header block (HPACK, RFC 7541) that leaves the table of the other side as it is: answers are few and short, and what depends
 * on nothing can be prepared once. Names must be in lower case; characters over 255 become `?`.
 */
export function encodeFields(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField([name, value]: Field): Buffer {
  const known = STATIC_TABLE.findIndex(([knownName, knownValue]) => knownName === name && knownValue === value);
  if (known >= 0) return Buffer.from([0x80 | (known + 1)]);
  const index = STATIC_TABLE.findIndex(([knownName]) => knownName === name) + 1;
  if (index > 0) return Buffer.concat([encodeInteger(0, 0x0f, index), encodeText(value)]);
  return Buffer.concat([Buffer.from([0]), encodeText(name), encodeText(value)]);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text.replace(/[^\u0000-\u00ff]/g, "?"), "latin1");
  return Buffer.concat([encodeInteger(0, 0x7f, bytes.length), bytes]);
}

function encodeInteger(pattern: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.from([pattern | value]);
  const bytes = [pattern | mask];
  let left = value - mask;
  for (; left >= 0x80; left = Math.floor(left / 128)) bytes.push(0x80 | (left % 128));
  bytes.push(left);
  return Buffer.from(bytes);
}
