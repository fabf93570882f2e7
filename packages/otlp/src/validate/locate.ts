import type { MessageName } from "../schema/index.ts";
import { MESSAGES } from "../schema/index.ts";
import { WireReader } from "../wire/reader.ts";

/**
 * Names of the fields around `offset`, from the root message down: "resource_spans.scope_spans.spans". Only called
 * when an error is reported, so that checking needs to carry no path. The bytes before `offset` must be sound.
 */
export function locate(root: MessageName, bytes: Uint8Array, offset: number): string {
  const path: string[] = [];
  const reader = new WireReader(bytes);
  let message: MessageName | undefined = root;
  while (message !== undefined) message = descend(reader, message, offset, path);
  return path.join(".");
}

/** Finds the field of `message` that holds `offset`; returns its message type when the offset lies in its content. */
function descend(reader: WireReader, message: MessageName, offset: number, path: string[]): MessageName | undefined {
  try {
    while (reader.pos < offset) {
      const tag = reader.tag();
      const header = reader.pos;
      const field = MESSAGES[message].find((candidate) => candidate.number === tag >>> 3);
      const name = field?.name ?? `field ${tag >>> 3}`;
      if (header >= offset || (tag & 7) !== 2) {
        // A fault in the tag's own bytes belongs to the message around it.
        if (header > offset) return undefined;
        if (header === offset) return void path.push(name);
        reader.skip(tag);
        if (reader.pos > offset) return void path.push(name);
        continue;
      }
      const length = reader.length();
      const start = reader.pos;
      if (offset >= start + length) {
        if (offset === start + length && reader.end === offset) return undefined;
        reader.pos = start + length;
        continue;
      }
      path.push(name);
      if (offset < start) return undefined;
      reader.end = start + length;
      return field?.message;
    }
  } catch {
    // The fault itself: the path ends at the message that holds it.
  }
  return undefined;
}
