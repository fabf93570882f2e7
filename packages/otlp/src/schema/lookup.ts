import { MESSAGES } from "./index.ts";
import type { FieldKind, FieldSchema, MessageName } from "./types.ts";

/** A field with what decoders derive from it. */
export interface FieldPlan {
  readonly field: FieldSchema;
  readonly wireType: 0 | 1 | 2 | 5;
  /** JSON names of the other members of its oneof */
  readonly rivals: readonly string[];
}

/** The fields of a message, indexed by field number. */
export type MessagePlan = readonly (FieldPlan | undefined)[];

const plans = new Map<MessageName, MessagePlan>();

/** The plan of a message; made on first use. */
export function planOf(message: MessageName): MessagePlan {
  let plan = plans.get(message);
  if (plan === undefined) {
    const made: (FieldPlan | undefined)[] = [];
    const fields = MESSAGES[message];
    for (const field of fields) {
      const rivals = fields.filter((other) => field.oneof !== undefined && other.oneof === field.oneof && other !== field);
      made[field.number] = { field, wireType: wireTypeOf(field.kind), rivals: rivals.map((other) => other.json) };
    }
    plan = made;
    plans.set(message, plan);
  }
  return plan;
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
