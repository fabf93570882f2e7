import type { FieldSchema, MessageName } from "../schema/index.ts";
import { MESSAGES } from "../schema/index.ts";
import { wireTypeOf } from "../schema/lookup.ts";
import { MAX_ANY_VALUE_DEPTH } from "../validate/validate.ts";
import { WireWriter } from "../wire/writer.ts";
import { bytesOfHex } from "./hex.ts";

/**
 * Wire bytes of a message given as a plain object. Absent, undefined and default values are not written; members of a
 * oneof always are. Numbers are taken where bigint is expected while they are safe integers.
 *
 * @throws TypeError that names the property, when a value does not fit its field.
 */
export function encodeMessage(message: MessageName, value: object): Uint8Array {
  const encoder = new ObjectEncoder();
  encoder.message(message, value, 0);
  return encoder.writer.finish();
}

type Properties = Readonly<Record<string, unknown>>;

class ObjectEncoder {
  readonly writer: WireWriter = new WireWriter(1024);
  private readonly path: (string | number)[] = [];

  message(name: MessageName, value: unknown, depth: number): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.refuse("an object", value);
    const inner = name === "AnyValue" ? depth + 1 : depth;
    if (inner > MAX_ANY_VALUE_DEPTH) throw new TypeError(`${this.where()}: values nest deeper than ${MAX_ANY_VALUE_DEPTH} levels`);
    for (const field of MESSAGES[name]) {
      const property = (value as Properties)[field.json];
      if (property === undefined || property === null) continue;
      this.path.push(field.json);
      if (field.repeated) this.repeated(field, property, inner);
      else this.single(field, property, inner, field.oneof !== undefined);
      this.path.pop();
    }
  }

  private repeated(field: FieldSchema, values: unknown, depth: number): void {
    if (!Array.isArray(values)) this.refuse("an array", values);
    const list = values as readonly unknown[];
    if (list.length === 0) return;
    const packed = wireTypeOf(field.kind) !== 2;
    const mark = packed ? this.writer.begin(field.number) : 0;
    for (const [index, value] of list.entries()) {
      this.path.push(index);
      if (packed) this.number(field, value);
      else this.single(field, value, depth, true);
      this.path.pop();
    }
    if (packed) this.writer.end(mark);
  }

  private single(field: FieldSchema, value: unknown, depth: number, always: boolean): void {
    if (field.kind === "message") {
      const mark = this.writer.begin(field.number);
      this.message(field.message!, value, depth);
      this.writer.end(mark);
    } else if (field.kind === "string") {
      if (typeof value !== "string") this.refuse("a string", value);
      if (always || value !== "") this.writer.stringField(field.number, value);
    } else if (wireTypeOf(field.kind) === 2) {
      const bytes = this.bytes(field, value);
      if (always || bytes.length > 0) this.writer.bytesField(field.number, bytes);
    } else if (always || !isDefault(value)) {
      this.writer.tag(field.number, wireTypeOf(field.kind));
      this.number(field, value);
    }
  }

  private bytes(field: FieldSchema, value: unknown): Uint8Array {
    if (field.kind === "bytes") {
      if (!(value instanceof Uint8Array)) this.refuse("a Uint8Array", value);
      return value;
    }
    const digits = field.kind === "traceId" ? 32 : 16;
    const bytes = typeof value === "string" ? bytesOfHex(value) : undefined;
    if (bytes === undefined || (bytes.length > 0 && bytes.length * 2 !== digits)) this.refuse(`${digits} hexadecimal digits or ""`, value);
    return bytes;
  }

  private number(field: FieldSchema, value: unknown): void {
    const { writer } = this;
    switch (field.kind) {
      case "bool":
        if (typeof value !== "boolean") this.refuse("a boolean", value);
        return writer.varint32(value ? 1 : 0);
      case "double":
        if (typeof value !== "number") this.refuse("a number", value);
        return writer.double(value);
      case "enum":
      case "int32":
        return writer.varint64(this.integer(value, -(2 ** 31), 2 ** 31 - 1));
      case "sint32": {
        const number = this.integer(value, -(2 ** 31), 2 ** 31 - 1);
        return writer.varint32(((number << 1) ^ (number >> 31)) >>> 0);
      }
      case "uint32":
        return writer.varint32(this.integer(value, 0, 2 ** 32 - 1));
      case "fixed32":
        return writer.fixed32(this.integer(value, 0, 2 ** 32 - 1));
      case "int64":
        return writer.varint64(this.bigInteger(value, -(2n ** 63n), 2n ** 63n - 1n));
      case "sfixed64":
        return writer.fixed64(this.bigInteger(value, -(2n ** 63n), 2n ** 63n - 1n));
      case "uint64":
        return writer.varint64(this.bigInteger(value, 0n, 2n ** 64n - 1n));
      default:
        return writer.fixed64(this.bigInteger(value, 0n, 2n ** 64n - 1n));
    }
  }

  private integer(value: unknown, min: number, max: number): number {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
      this.refuse(`an integer from ${min} to ${max}`, value);
    return value as number;
  }

  private bigInteger(value: unknown, min: bigint, max: bigint): bigint {
    const integer = typeof value === "bigint" ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
    if (integer === undefined || integer < min || integer > max) this.refuse(`a bigint from ${min} to ${max}`, value);
    return integer;
  }

  private refuse(expected: string, value: unknown): never {
    const shown =
      typeof value === "object" && value !== null ? (value.constructor?.name ?? "an object") : `${typeof value} ${String(value)}`;
    throw new TypeError(`${this.where()}: expected ${expected}, got ${shown}`);
  }

  private where(): string {
    const text = this.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
    return text.startsWith(".") ? text.slice(1) : text || "the message";
  }
}

/** -0 differs from the default of a double and is written. */
function isDefault(value: unknown): boolean {
  return Object.is(value, 0) || value === 0n || value === false;
}
