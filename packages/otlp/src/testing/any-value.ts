import type { DoubleValue } from "../edit/value-writer.ts";
import { writeAnyValue } from "../edit/value-writer.ts";
import { decodeMessage } from "../object/decode.ts";
import type { AnyValue, KeyValue } from "../object/types.ts";
import type { AttributeValue } from "../views/types.ts";
import { WireWriter } from "../wire/writer.ts";

/** Attributes by name; integers become `intValue`, other numbers and `double(n)` become `doubleValue`. */
export type AttributesInput = Readonly<Record<string, AttributeValue | DoubleValue>>;

/** The OTLP form of attributes by name. */
export function keyValues(attributes: AttributesInput): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** The OTLP form of a plain value, by the rule by which editors write it; null is the empty value. */
export function anyValue(value: AttributeValue | DoubleValue): AnyValue {
  const writer = new WireWriter();
  writeAnyValue(writer, value);
  return decodeMessage("AnyValue", writer.finish());
}
