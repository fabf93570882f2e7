import { MESSAGES } from "./index.ts";
import type { FieldKind, FieldSchema, MessageName } from "./types.ts";

const byNumber = new Map<MessageName, readonly (FieldSchema | undefined)[]>();

/** The fields of a message, indexed by field number. */
export function fieldsByNumber(message: MessageName): readonly (FieldSchema | undefined)[] {
  let fields = byNumber.get(message);
  if (fields === undefined) {
    const made: (FieldSchema | undefined)[] = [];
    for (const field of MESSAGES[message]) made[field.number] = field;
    fields = made;
    byNumber.set(message, fields);
  }
  return fields;
}

/** Wire type of a single value of this kind. */
export function wireTypeOf(kind: FieldKind): 0 | 1 | 2 | 5 {
  switch (kind) {
    case "string":
    case "bytes":
    case "traceId":
    case "spanId":
    case "message":
      return 2;
    case "fixed32":
      return 5;
    case "fixed64":
    case "sfixed64":
    case "double":
      return 1;
    default:
      return 0;
  }
}
