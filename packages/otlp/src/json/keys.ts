import type { FieldSchema, MessageName } from "../schema/index.ts";
import { MESSAGES } from "../schema/index.ts";
import { encodeUtf8 } from "../wire/utf8.ts";

interface Key {
  readonly bytes: Uint8Array;
  readonly field: FieldSchema;
}

/** The property names of a message, lowerCamelCase and snake_case, grouped by length. */
export type KeyTable = readonly (readonly Key[] | undefined)[];

const tables = new Map<MessageName, KeyTable>();

/** The property names of a message; made on first use. */
export function keyTable(message: MessageName): KeyTable {
  let table = tables.get(message);
  if (table === undefined) {
    const made: Key[][] = [];
    for (const field of MESSAGES[message]) {
      for (const name of new Set([field.json, field.name])) (made[name.length] ??= []).push({ bytes: encodeUtf8(name), field });
    }
    table = made;
    tables.set(message, table);
  }
  return table;
}

/** The field whose name is `bytes[start, end)`. */
export function findKey(table: KeyTable, bytes: Uint8Array, start = 0, end: number = bytes.length): FieldSchema | undefined {
  const keys = table[end - start];
  if (keys === undefined) return undefined;
  for (let i = 0; i < keys.length; i++) {
    const name = keys[i]!.bytes;
    let at = name.length - 1;
    while (at >= 0 && name[at] === bytes[start + at]) at--;
    if (at < 0) return keys[i]!.field;
  }
  return undefined;
}
