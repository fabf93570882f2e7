import type { WireWriter } from "../wire/writer.ts";
import type { AttributeValue } from "../views/types.ts";

/** A number that is written as doubleValue even when it is an integer; made by `double()`. */
export class DoubleValue {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A value that is written as it was read. */
export class EncodedValue {
  /** Content of an AnyValue. */
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** Marks a number as doubleValue: `attributes.set("ratio", double(1))`. */
export function double(value: number): DoubleValue {
  return new DoubleValue(value);
}

const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

/**
 * Writes the content of an AnyValue; null writes an empty one. Safe integers become intValue, other numbers doubleValue.
 * Throws RangeError for a bigint outside int64.
 */
export function writeAnyValue(writer: WireWriter, value: AttributeValue | DoubleValue | EncodedValue): void {
  if (value === null) return;
  if (typeof value === "string") writer.stringField(1, value);
  else if (typeof value === "boolean") writer.boolField(2, value);
  else if (typeof value === "number") writeNumber(writer, value);
  else if (typeof value === "bigint") writeBigint(writer, value);
  else if (value instanceof EncodedValue) writer.raw(value.bytes);
  else if (value instanceof DoubleValue) writer.doubleField(4, value.value);
  else if (value instanceof Uint8Array) writer.bytesField(7, value);
  else if (isArray(value)) writeArray(writer, value);
  else writeKeyValues(writer, value);
}

function writeNumber(writer: WireWriter, value: number): void {
  if (Number.isSafeInteger(value)) writer.int64Field(3, value);
  else writer.doubleField(4, value);
}

function writeBigint(writer: WireWriter, value: bigint): void {
  if (value < minInt64 || value > maxInt64) {
    throw new RangeError(`the attribute value ${value} does not fit int64; write it as a string or with double()`);
  }
  writer.int64Field(3, value);
}

/** ArrayValue:  1 values repeated AnyValue */
function writeArray(writer: WireWriter, values: readonly AttributeValue[]): void {
  const array = writer.begin(5);
  for (const value of values) {
    const item = writer.begin(1);
    writeAnyValue(writer, value);
    writer.end(item);
  }
  writer.end(array);
}

/** KeyValueList:  1 values repeated KeyValue { 1 key  2 value AnyValue } */
function writeKeyValues(writer: WireWriter, values: { readonly [key: string]: AttributeValue }): void {
  const list = writer.begin(6);
  for (const [key, value] of Object.entries(values)) {
    const pair = writer.begin(1);
    writer.stringField(1, key);
    const content = writer.begin(2);
    writeAnyValue(writer, value);
    writer.end(content);
    writer.end(pair);
  }
  writer.end(list);
}

function isArray(value: object): value is readonly AttributeValue[] {
  return Array.isArray(value);
}
