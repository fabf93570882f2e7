import fc from "fast-check";
import protobuf from "protobufjs";
import type { SignalData } from "../object/index.ts";
import type { Signal } from "../schema/index.ts";
import type { Data } from "./reference.ts";
import { isId, referenceType, ROOT_TYPES } from "./reference.ts";

// Arbitrary OTLP data in the form of `toObject`, made from the .proto files: every field of every message, absent or
// present, default or not.

const MAX_VALUE_DEPTH = 3;

const made = new Map<string, fc.Arbitrary<Data>>();

/** Arbitrary request data of a signal. */
export function arbitraryData<S extends Signal>(signal: S): fc.Arbitrary<SignalData[S]> {
  return arbitraryMessage(ROOT_TYPES[signal]) as fc.Arbitrary<SignalData[S]>;
}

/** An arbitrary message of the .proto files, for example "otlp.Span". */
export function arbitraryMessage(name: string): fc.Arbitrary<Data> {
  return messageOf(referenceType(name), 0);
}

function messageOf(type: protobuf.Type, depth: number): fc.Arbitrary<Data> {
  const inner = type.name === "AnyValue" ? depth + 1 : depth;
  const key = `${type.fullName} ${inner}`;
  let arbitrary = made.get(key);
  if (arbitrary === undefined) {
    arbitrary = makeMessage(type, inner);
    made.set(key, arbitrary);
  }
  return arbitrary;
}

function makeMessage(type: protobuf.Type, depth: number): fc.Arbitrary<Data> {
  const free: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fieldsArray) if (!field.partOf) free[field.name] = valuesOf(field, depth);
  const members = type.oneofsArray.map((oneof) => {
    const fields = oneof.fieldsArray.filter((field) => depth < MAX_VALUE_DEPTH || !(field.resolvedType instanceof protobuf.Type));
    return fc.oneof(fc.constant({}), ...fields.map((field) => valuesOf(field, depth).map((value): Data => ({ [field.name]: value }))));
  });
  return fc.tuple(fc.record(free, { requiredKeys: [] }), ...members).map((parts) => Object.assign({}, ...parts) as Data);
}

function valuesOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const value = valueOf(field, depth);
  return field.repeated ? fc.array(value, { maxLength: 3 }) : value;
}

function valueOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  if (field.resolvedType instanceof protobuf.Type) return messageOf(field.resolvedType, depth);
  if (field.resolvedType) return fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer());
  if (isId(field)) return idOf(/traceId$/i.test(field.name) ? 16 : 8);
  switch (field.type) {
    case "string":
      return fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ minLength: 120, maxLength: 300 }));
    case "bytes":
      return fc.uint8Array({ maxLength: 20 });
    case "bool":
      return fc.boolean();
    case "double":
      return fc.double();
    case "uint32":
    case "fixed32":
      return fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    case "uint64":
    case "fixed64":
      return fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    case "int64":
    case "sfixed64":
      return fc.oneof(fc.bigInt({ min: -300n, max: 300n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    default:
      return fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer());
  }
}

function idOf(size: number): fc.Arbitrary<string> {
  const id = fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes).toString("hex"));
  return fc.oneof({ arbitrary: id, weight: 4 }, { arbitrary: fc.constant(""), weight: 1 });
}
