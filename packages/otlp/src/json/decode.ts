import { hexDigit } from "../object/hex.ts";
import type { FieldSchema, MessageName } from "../schema/index.ts";
import { wireTypeOf } from "../schema/lookup.ts";
import { MAX_ANY_VALUE_DEPTH } from "../validate/validate.ts";
import { encodeUtf8, findInvalidUtf8 } from "../wire/utf8.ts";
import { WireWriter } from "../wire/writer.ts";
import { bytesOfBase64 } from "./base64.ts";
import type { Integer64 } from "./integer-text.ts";
import { parseInteger64 } from "./integer-text.ts";
import { JsonScanner } from "./json-scanner.ts";
import { findKey, keyTable } from "./keys.ts";

/**
 * Wire bytes of a message in OTLP/JSON, straight from text to bytes. Takes more than the specification asks, as the
 * Collector does: snake_case names, enum names, 64-bit integers as numbers or strings, doubles as strings, ids in any case,
 * URL-safe base64, null for absent. Unknown properties are ignored. Integers are exact at any size.
 *
 * @throws WireError "json" with offset and path on text that is not JSON or does not fit; "utf8" and "depth" likewise;
 * "too_large" when the result would be longer than `maxBytes`, for short text can stand for much: `0,` for eight bytes.
 */
export function decodeJson(message: MessageName, text: string | Uint8Array, maxBytes?: number): Uint8Array {
  const bytes = typeof text === "string" ? encodeUtf8(text) : text;
  const scanner = new JsonScanner(bytes);
  const limit = maxBytes === undefined ? undefined : maxBytes + WRITER_SLACK;
  const writer = new WireWriter(Math.max(256, bytes.length >> 1), limit);
  new JsonDecoder(scanner, writer).message(message, 0);
  scanner.finish();
  return writer.finish();
}

/** A writer asks for a little more room than it needs: up to ten bytes for a varint. */
const WRITER_SLACK = 16;
const LONG_TEXT = 4096;
const QUOTE = 0x22;

class JsonDecoder {
  private readonly scanner: JsonScanner;
  private readonly writer: WireWriter;
  private readonly integer: Integer64 = { low: 0, high: 0 };

  constructor(scanner: JsonScanner, writer: WireWriter) {
    this.scanner = scanner;
    this.writer = writer;
  }

  message(name: MessageName, depth: number): void {
    const { scanner } = this;
    const inner = name === "AnyValue" ? depth + 1 : depth;
    if (inner > MAX_ANY_VALUE_DEPTH) scanner.fail(`attribute values may nest ${MAX_ANY_VALUE_DEPTH} levels deep`, scanner.pos, "depth");
    const keys = keyTable(name);
    if (!scanner.openObject()) return;
    do {
      scanner.key();
      const field = scanner.escaped ? findKey(keys, encodeUtf8(scanner.text())) : findKey(keys, scanner.bytes, scanner.start, scanner.end);
      if (field === undefined) scanner.skip();
      else if (!scanner.takeNull()) {
        scanner.path.push(field.json);
        if (field.repeated) this.repeated(field, inner);
        else if (field.kind === "message") this.child(field, inner);
        else this.scalar(field, field.oneof !== undefined);
        scanner.path.pop();
      }
    } while (scanner.nextProperty());
  }

  private child(field: FieldSchema, depth: number): void {
    const mark = this.writer.begin(field.number);
    this.message(field.message!, depth);
    this.writer.end(mark);
  }

  private repeated(field: FieldSchema, depth: number): void {
    const { scanner, writer } = this;
    if (!scanner.openArray()) return;
    const packed = wireTypeOf(field.kind) !== 2;
    const mark = packed ? writer.begin(field.number) : 0;
    let index = 0;
    do {
      scanner.path.push(index++);
      if (packed) this.number(field);
      else if (field.kind !== "message") this.scalar(field, true);
      // A null in a list keeps its place as an empty message.
      else if (scanner.takeNull()) writer.bytesField(field.number, EMPTY);
      else this.child(field, depth);
      scanner.path.pop();
    } while (scanner.nextElement());
    if (packed) writer.end(mark);
  }

  /** Writes a value; one that is the default only if `always`. */
  private scalar(field: FieldSchema, always: boolean): void {
    const { writer, scanner } = this;
    const before = writer.length;
    if (field.kind === "string") this.string(field);
    else if (field.kind === "bytes") writer.bytesField(field.number, this.base64());
    else if (field.kind === "traceId" || field.kind === "spanId") this.id(field);
    else {
      writer.tag(field.number, wireTypeOf(field.kind));
      const start = writer.length;
      this.number(field);
      if (!always && isZero(writer.bytes, start, writer.length)) writer.length = before;
      return;
    }
    if (!always && scanner.end === scanner.start) writer.length = before;
  }

  private string(field: FieldSchema): void {
    const { scanner, writer } = this;
    this.openString("a string");
    const { bytes, start, end } = scanner;
    if (scanner.high) {
      const at = findInvalidUtf8(bytes, start, end);
      if (at >= 0) scanner.fail("the text is not UTF-8", at, "utf8");
    }
    if (scanner.escaped) {
      const text = scanner.text();
      // Three bytes are set aside for each character of a short text; a long one is measured.
      if (text.length > LONG_TEXT) writer.bytesField(field.number, encodeUtf8(text));
      else writer.stringField(field.number, text);
      return;
    }
    writer.tag(field.number, 2);
    writer.varint32(end - start);
    writer.raw(bytes, start, end);
  }

  private base64(): Uint8Array {
    const { scanner } = this;
    this.openString("base64 text");
    return bytesOfBase64(scanner.text()) ?? scanner.fail("the text is not base64", scanner.start);
  }

  private id(field: FieldSchema): void {
    const { scanner, writer } = this;
    const size = field.kind === "traceId" ? 16 : 8;
    this.openString(`${size * 2} hexadecimal digits`);
    const { bytes, start, end } = scanner;
    if (end !== start && end - start !== size * 2) {
      scanner.fail(`expected ${size * 2} hexadecimal digits or an empty string, got ${end - start} characters`, start);
    }
    writer.tag(field.number, 2);
    writer.varint32((end - start) / 2);
    writer.reserve(size);
    for (let at = start; at < end; at += 2) {
      const high = hexDigit(bytes[at]!);
      const low = hexDigit(bytes[at + 1]!);
      if (high < 0 || low < 0) scanner.fail("not a hexadecimal digit", high < 0 ? at : at + 1);
      writer.bytes[writer.length++] = (high << 4) | low;
    }
  }

  /** Writes a number, boolean or enum without its tag. */
  private number(field: FieldSchema): void {
    const { writer } = this;
    switch (field.kind) {
      case "bool":
        return writer.varint32(this.scanner.boolean() ? 1 : 0);
      case "double":
        return writer.double(this.double());
      case "enum":
        return writer.varint64(this.enumeration(field));
      case "int32":
        return writer.varint64(this.int32());
      case "sint32": {
        const value = this.int32();
        return writer.varint32(((value << 1) ^ (value >> 31)) >>> 0);
      }
      case "uint32":
        return writer.varint32(this.uint32());
      case "fixed32":
        return writer.fixed32(this.uint32());
      default: {
        const { low, high } = this.integer64(field.kind === "int64" || field.kind === "sfixed64");
        if (wireTypeOf(field.kind) === 0) return writer.varint64Parts(low, high);
        writer.fixed32(low);
        return writer.fixed32(high);
      }
    }
  }

  private enumeration(field: FieldSchema): number {
    const { scanner } = this;
    if (scanner.peek() !== QUOTE) return this.int32();
    scanner.string();
    const value = field.values!.indexOf(scanner.text());
    return value >= 0 ? value : scanner.fail("unknown enum name; send the number", scanner.start);
  }

  private double(): number {
    const { scanner } = this;
    const quoted = this.openNumber();
    const text = scanner.text();
    if (quoted && (text === "NaN" || text === "Infinity" || text === "-Infinity")) return Number(text);
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) scanner.fail('expected a number, "NaN", "Infinity" or "-Infinity"', scanner.start);
    return value;
  }

  private int32(): number {
    const { low, high } = this.integer64(true);
    if (high !== (low >> 31) >>> 0) this.scanner.fail("the integer does not fit 32 bits", this.scanner.start);
    return low | 0;
  }

  private uint32(): number {
    const { low, high } = this.integer64(false);
    if (high !== 0) this.scanner.fail("the integer does not fit 32 bits", this.scanner.start);
    return low;
  }

  private integer64(signed: boolean): Integer64 {
    const { scanner, integer } = this;
    this.openNumber();
    const { bytes, start, end } = scanner;
    if (parseInteger64(bytes, start, end, signed, integer)) return integer;
    // 1.0 and 1e3 are integers as well, as long as a double holds them exactly.
    const text = scanner.text();
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && (signed || value >= 0)) {
      integer.low = value >>> 0;
      integer.high = Math.floor(value / 2 ** 32) >>> 0;
      return integer;
    }
    const range = signed ? "from -9223372036854775808 to 9223372036854775807" : "from 0 to 18446744073709551615";
    return scanner.fail(`expected an integer ${range} in plain digits`, start);
  }

  private openString(expected: string): void {
    if (this.scanner.peek() !== QUOTE) this.scanner.fail(`expected ${expected} in double quotes`);
    this.scanner.string();
  }

  /** Reads a number, quoted or not; returns whether it was quoted. */
  private openNumber(): boolean {
    const { scanner } = this;
    const first = scanner.peek();
    if (first === QUOTE) scanner.string();
    else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) scanner.number();
    else scanner.fail("expected a number");
    return first === QUOTE;
  }
}

const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array();

/** A JSON number. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
