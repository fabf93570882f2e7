import { readdirSync, readFileSync } from "node:fs";
import protobuf from "protobufjs";

// The reference codec of the differential tests: protobufjs over the .proto files in this folder. It shares nothing with
// the schema table, so a wrong field number or type there shows as a difference.

const root = new protobuf.Root();
const folder = new URL("./proto/", import.meta.url);
for (const file of readdirSync(folder).sort()) protobuf.parse(readFileSync(new URL(file, folder), "utf8"), root);
root.resolveAll();

export const ROOT_TYPES = { traces: "otlp.TracesData", metrics: "otlp.MetricsData", logs: "otlp.LogsData" } as const;

export type Data = Record<string, unknown>;

/** Reflection of a message of the .proto files, for example "otlp.Span". */
export function referenceType(name: string): protobuf.Type {
  return root.lookupType(name);
}

/** Wire bytes of an object in the form of `toObject`; values that equal the default are written too. */
export function referenceEncode(name: string, data: Data): Uint8Array {
  const type = referenceType(name);
  return new Uint8Array(type.encode(type.fromObject(mapMessage(type, data, toReference) as Data)).finish());
}

/** The bytes in the form of `toObject`: absent and default values left out, oneof members kept. */
export function referenceDecode(name: string, bytes: Uint8Array): Data {
  const type = referenceType(name);
  const decoded = type.toObject(type.decode(bytes), { arrays: false, objects: false, defaults: false });
  return withoutDefaults(type, mapMessage(type, decoded, fromReference) as Data);
}

/** Whether the field is an id, which `toObject` gives as hexadecimal text. */
export function isId(field: protobuf.Field): boolean {
  return field.type === "bytes" && /(trace|span)Id$/i.test(field.name);
}

/** Whether the field has 64 bits and no fraction. */
export function is64Bit(field: protobuf.Field): boolean {
  return /64$/.test(field.type);
}

type Convert = (field: protobuf.Field, value: unknown) => unknown;

function mapMessage(type: protobuf.Type, data: Data, convert: Convert): unknown {
  const mapped: Data = {};
  for (const field of type.fieldsArray) {
    const value = data[field.name];
    if (value === undefined) continue;
    const one = (item: unknown): unknown =>
      field.resolvedType instanceof protobuf.Type ? mapMessage(field.resolvedType, item as Data, convert) : convert(field, item);
    mapped[field.name] = field.repeated ? (value as unknown[]).map(one) : one(value);
  }
  return mapped;
}

function toReference(field: protobuf.Field, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (isId(field)) return Buffer.from(value as string, "hex");
  return value;
}

function fromReference(field: protobuf.Field, value: unknown): unknown {
  if (is64Bit(field)) return BigInt(String(value));
  if (isId(field)) return Buffer.from(value as Uint8Array).toString("hex");
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/** Drops what `toObject` leaves out: default values of fields without presence, and empty lists. */
export function withoutDefaults(type: protobuf.Type, data: Data): Data {
  const kept: Data = {};
  for (const field of type.fieldsArray) {
    const value = data[field.name];
    if (value === undefined) continue;
    const child = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (field.repeated) {
      const list = value as unknown[];
      if (list.length > 0) kept[field.name] = child ? list.map((item) => withoutDefaults(child, item as Data)) : list;
    } else if (child) kept[field.name] = withoutDefaults(child, value as Data);
    else if (field.partOf || !isDefault(value)) kept[field.name] = value;
  }
  return kept;
}

function isDefault(value: unknown): boolean {
  return Object.is(value, 0) || value === 0n || value === "" || value === false || (value instanceof Uint8Array && value.length === 0);
}
