import type { AttributeValue } from "@tidemark/otlp";

/** OTLP AnyValue as a plain object. */
export type AnyValueObject =
  | { stringValue: string }
  | { boolValue: boolean }
  | { intValue: bigint }
  | { doubleValue: number }
  | { bytesValue: Uint8Array }
  | { arrayValue: { values: AnyValueObject[] } }
  | { kvlistValue: { values: { key: string; value: AnyValueObject }[] } }
  | Record<string, never>;

/** The AnyValue that carries `value`; whole numbers become ints, as attribute editors write them. */
export function toAnyValue(value: AttributeValue): AnyValueObject {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "bigint") return { intValue: value };
  if (typeof value === "number") return Number.isSafeInteger(value) ? { intValue: BigInt(value) } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: value };
  if (isArray(value)) return { arrayValue: { values: value.map(toAnyValue) } };
  return { kvlistValue: { values: Object.entries(value).map(([key, item]) => ({ key, value: toAnyValue(item) })) } };
}

function isArray(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

/** Attribute value as people read it: texts as they are, everything else as JSON. */
export function attributeText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item));
}
