import type { AnyValue, KeyValue } from "../object/types.ts";

/** A plain value; integers become `intValue`, other numbers `doubleValue`. */
export type PlainValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** Attributes by name. */
export type PlainAttributes = Readonly<Record<string, PlainValue>>;

/** The OTLP form of attributes by name. */
export function keyValues(attributes: PlainAttributes): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** The OTLP form of a plain value; null is the empty value. */
export function anyValue(value: PlainValue): AnyValue {
  if (value === null) return {};
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "bigint":
      return { intValue: value };
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? { intValue: BigInt(value) } : { doubleValue: value };
    default:
      break;
  }
  if (value instanceof Uint8Array) return { bytesValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: keyValues(value as PlainAttributes) } };
}
