import type { FieldSchema, MessageName } from "../schema/index.ts";
import { MESSAGES } from "../schema/index.ts";
import { wireTypeOf } from "../schema/lookup.ts";

/** What to check behind a tag. 0 means the tag is not one the schema knows. */
export const ACTION_VARINT = 1;
export const ACTION_FIXED32 = 2;
export const ACTION_FIXED64 = 3;
export const ACTION_STRING = 4;
export const ACTION_BYTES = 5;
export const ACTION_TRACE_ID = 6;
export const ACTION_SPAN_ID = 7;
export const ACTION_PACKED_VARINT = 8;
export const ACTION_PACKED_FIXED64 = 9;
export const ACTION_MESSAGE = 10;

/** Tags below this value (field numbers up to 31) have an entry in the table. */
export const TAG_LIMIT = 256;

/** Dense form of the schema for the validator. */
export interface ActionTable {
  /** message id × TAG_LIMIT + tag → action in the low 4 bits, child message id above them */
  readonly actions: Uint16Array;
  /** message id × TAG_LIMIT / 8 + field number → 1 when the message has the field, whatever its wire type */
  readonly known: Uint8Array;
  readonly idOf: ReadonlyMap<MessageName, number>;
}

let cached: ActionTable | undefined;

/** The table of all messages, made on first use. */
export function actionTable(): ActionTable {
  cached ??= compile();
  return cached;
}

function compile(): ActionTable {
  const names = Object.keys(MESSAGES) as MessageName[];
  const idOf = new Map(names.map((name, id) => [name, id]));
  const actions = new Uint16Array(names.length * TAG_LIMIT);
  const known = new Uint8Array(actions.length / 8);
  for (const [id, name] of names.entries()) {
    for (const field of MESSAGES[name]) {
      const wireType = wireTypeOf(field.kind);
      const row = id * TAG_LIMIT + field.number * 8;
      actions[row + wireType] = actionOf(field) | ((field.message === undefined ? 0 : idOf.get(field.message)!) << 4);
      known[row / 8] = 1;
      // Repeated scalars come packed or one by one, whatever the schema prefers.
      if (field.repeated && wireType === 0) actions[row + 2] = ACTION_PACKED_VARINT;
      if (field.repeated && wireType === 1) actions[row + 2] = ACTION_PACKED_FIXED64;
    }
  }
  return { actions, known, idOf };
}

function actionOf(field: FieldSchema): number {
  switch (field.kind) {
    case "string":
      return ACTION_STRING;
    case "bytes":
      return ACTION_BYTES;
    case "traceId":
      return ACTION_TRACE_ID;
    case "spanId":
      return ACTION_SPAN_ID;
    case "message":
      return ACTION_MESSAGE;
    case "fixed32":
      return ACTION_FIXED32;
    case "fixed64":
    case "sfixed64":
    case "double":
      return ACTION_FIXED64;
    default:
      return ACTION_VARINT;
  }
}
