import { MAX_ANY_VALUE_DEPTH } from "../validate/validate.ts";
import { FIXED64, LEN, VARINT, wrongWireType } from "../wire/reader.ts";
import type { WireReader } from "../wire/reader.ts";
import { WireError } from "../wire/wire-error.ts";
import type { AttributeValue } from "./types.ts";

/*
 * AnyValue, oneof:  1 string_value  2 bool_value  3 int_value (int64)  4 double_value  5 array_value  6 kvlist_value  7 bytes_value
 * ArrayValue:    1 values repeated AnyValue
 * KeyValueList:  1 values repeated KeyValue
 * KeyValue:      1 key  2 value AnyValue
 */
const anyValueWires: readonly number[] = [-1, LEN, VARINT, VARINT, FIXED64, LEN, LEN, LEN];

/** Decodes the AnyValue in `[reader.pos, end)` and leaves the reader at `end`; null when it holds nothing known. */
export function decodeAnyValue(reader: WireReader, end: number, depth = 1): AttributeValue {
  if (depth > MAX_ANY_VALUE_DEPTH)
    throw new WireError("depth", reader.pos, reader.path, `values are nested deeper than ${MAX_ANY_VALUE_DEPTH} levels`);
  const outerEnd = reader.end;
  reader.end = end;
  let chosenTag = 0;
  let chosenAt = 0;
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.tag();
    const field = tag >>> 3;
    if (field <= 7) {
      if ((tag & 7) !== anyValueWires[field]) throw wrongWireType(tag, anyValueWires[field]!, at, reader.path);
      chosenTag = tag;
      chosenAt = reader.pos;
    }
    reader.skip(tag);
  }
  let value: AttributeValue = null;
  if (chosenTag !== 0) {
    reader.pos = chosenAt;
    value = decodeValue(reader, chosenTag >>> 3, depth);
  }
  reader.pos = end;
  reader.end = outerEnd;
  return value;
}

function decodeValue(reader: WireReader, field: number, depth: number): AttributeValue {
  switch (field) {
    case 1:
      return reader.string();
    case 2:
      return reader.bool();
    case 3:
      return reader.int64Number();
    case 4:
      return reader.double();
    case 5:
      return decodeArray(reader, depth);
    case 6:
      return decodeKeyValues(reader, depth);
    default:
      return reader.bytesField().slice();
  }
}

function decodeArray(reader: WireReader, depth: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  const end = reader.length() + reader.pos;
  while (reader.pos < end) {
    if (enterField(reader, 1)) values.push(decodeAnyValue(reader, reader.length() + reader.pos, depth + 1));
  }
  return values;
}

function decodeKeyValues(reader: WireReader, depth: number): Record<string, AttributeValue> {
  const pairs = new Map<string, AttributeValue>();
  const end = reader.length() + reader.pos;
  while (reader.pos < end) {
    if (!enterField(reader, 1)) continue;
    const [key, value] = decodeKeyValue(reader, reader.length() + reader.pos, depth + 1);
    if (!pairs.has(key)) pairs.set(key, value);
  }
  return Object.fromEntries(pairs);
}

/** Decodes the KeyValue in `[reader.pos, end)` and leaves the reader at `end`. */
export function decodeKeyValue(reader: WireReader, end: number, depth = 1): [string, AttributeValue] {
  const outerEnd = reader.end;
  let key = "";
  let value: AttributeValue = null;
  reader.end = end;
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.tag();
    if (tag === ((1 << 3) | LEN)) key = reader.string();
    else if (tag === ((2 << 3) | LEN)) value = decodeAnyValue(reader, reader.length() + reader.pos, depth);
    else if (tag >>> 3 <= 2) throw wrongWireType(tag, LEN, at, reader.path);
    else reader.skip(tag);
  }
  reader.end = outerEnd;
  return [key, value];
}

/** Reads a tag; true when it is the length-delimited `field`, else the field is skipped. */
function enterField(reader: WireReader, field: number): boolean {
  const at = reader.pos;
  const tag = reader.tag();
  if (tag >>> 3 === field) {
    if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, reader.path);
    return true;
  }
  reader.skip(tag);
  return false;
}
