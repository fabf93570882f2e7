import type { FieldKind, FieldSchema, MessageName } from "../schema/index.ts";
import type { FieldPlan } from "../schema/lookup.ts";
import { planOf } from "../schema/lookup.ts";
import { MAX_ANY_VALUE_DEPTH } from "../validate/validate.ts";
import { hex } from "../views/hex.ts";
import { WireReader, wrongWireType } from "../wire/reader.ts";
import { WireError } from "../wire/wire-error.ts";

/** How the values that JSON cannot hold are represented. */
export interface ValueForm {
  readonly integer64: (value: bigint) => unknown;
  readonly bytes: (value: Uint8Array) => unknown;
  readonly double: (value: number) => unknown;
}

/** bigint, number, and copies of bytes. */
export const OBJECT_FORM: ValueForm = {
  integer64: (value) => value,
  bytes: (value) => value.slice(),
  double: (value) => value,
};

/**
 * The message in `bytes` as a plain object. Unknown fields are left out; a repeated single message is merged and the
 * last member of a oneof wins, as protobuf asks.
 *
 * @throws WireError on malformed bytes.
 */
export function decodeMessage(message: MessageName, bytes: Uint8Array, form: ValueForm = OBJECT_FORM): Record<string, unknown> {
  try {
    return new ObjectDecoder(bytes, form, false).root(message);
  } catch (error) {
    // Keeping track of the path costs more than decoding: it is done only to report a fault.
    if (error instanceof WireError) new ObjectDecoder(bytes, form, true).root(message);
    throw error;
  }
}

type Target = Record<string, unknown>;

class ObjectDecoder {
  private readonly reader: WireReader;
  private readonly form: ValueForm;
  private readonly tracksPath: boolean;

  constructor(bytes: Uint8Array, form: ValueForm, tracksPath: boolean) {
    this.reader = new WireReader(bytes);
    this.form = form;
    this.tracksPath = tracksPath;
  }

  root(message: MessageName): Target {
    const target: Target = {};
    this.message(message, target, 0);
    return target;
  }

  /** Reads fields up to the reader's `end` into `target`. */
  private message(name: MessageName, target: Target, depth: number): void {
    const { reader } = this;
    const inner = name === "AnyValue" ? depth + 1 : depth;
    if (inner > MAX_ANY_VALUE_DEPTH)
      throw new WireError("depth", reader.pos, reader.path, `values nest deeper than ${MAX_ANY_VALUE_DEPTH} levels`);
    const plan = planOf(name);
    while (reader.pos < reader.end) {
      const start = reader.pos;
      const tag = reader.tag();
      const known = plan[tag >>> 3];
      if (known === undefined) {
        reader.skip(tag);
        continue;
      }
      const { field, wireType } = known;
      const path = reader.path;
      if (this.tracksPath) reader.path = path === "" ? field.name : `${path}.${field.name}`;
      const packed = field.repeated === true && wireType !== 2 && (tag & 7) === 2;
      if ((tag & 7) !== wireType && !packed) throw wrongWireType(tag, wireType, start, reader.path);
      if (packed) this.packed(field, target);
      else if (field.repeated) ((target[field.json] ??= []) as unknown[]).push(this.value(field, undefined, inner));
      else this.single(known, target, inner);
      reader.path = path;
    }
  }

  private packed(field: FieldSchema, target: Target): void {
    const end = this.reader.length() + this.reader.pos;
    const outer = this.reader.end;
    this.reader.end = end;
    const list = (target[field.json] ?? []) as unknown[];
    while (this.reader.pos < end) list.push(this.value(field, undefined, 0));
    if (list.length > 0) target[field.json] = list;
    this.reader.end = outer;
  }

  private single({ field, rivals }: FieldPlan, target: Target, depth: number): void {
    const value = this.value(field, field.kind === "message" ? target[field.json] : undefined, depth);
    if (field.oneof !== undefined) {
      for (const rival of rivals) if (rival in target) delete target[rival];
    } else if (isDefault(field, value)) {
      if (field.json in target) delete target[field.json];
      return;
    }
    target[field.json] = value;
  }

  private value(field: FieldSchema, previous: unknown, depth: number): unknown {
    const { reader, form } = this;
    switch (field.kind) {
      case "message":
        return this.child(field.message!, (previous ?? {}) as Target, depth);
      case "string":
        return reader.string();
      case "bytes":
        return form.bytes(reader.bytesField());
      case "traceId":
      case "spanId":
        return this.id();
      default:
        return this.number(field.kind);
    }
  }

  private number(kind: FieldKind): unknown {
    const { reader, form } = this;
    switch (kind) {
      case "bool":
        return reader.bool();
      case "uint32":
        return reader.uint32();
      case "sint32":
        return reader.sint32();
      case "fixed32":
        return reader.fixed32();
      case "int64":
        return form.integer64(reader.int64());
      case "uint64":
        return form.integer64(reader.uint64());
      case "fixed64":
        return form.integer64(reader.fixed64());
      case "sfixed64":
        return form.integer64(reader.sfixed64());
      case "double":
        return form.double(reader.double());
      default:
        return reader.int32();
    }
  }

  private id(): string {
    const { reader } = this;
    const length = reader.length();
    reader.pos += length;
    return hex(reader.bytes, reader.pos - length, reader.pos);
  }

  private child(message: MessageName, target: Target, depth: number): Target {
    const { reader } = this;
    const outer = reader.end;
    reader.end = reader.length() + reader.pos;
    this.message(message, target, depth);
    reader.end = outer;
    return target;
  }
}

/** Whether the value is its field's default; -0 is not that of a double, and "0" is a 64-bit zero in JSON form. */
function isDefault(field: FieldSchema, value: unknown): boolean {
  if (field.kind === "bytes") return (value as { readonly length: number }).length === 0;
  return Object.is(value, 0) || value === "" || value === 0n || value === false || (value === "0" && field.kind !== "string");
}
