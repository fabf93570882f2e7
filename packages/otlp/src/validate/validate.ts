import type { Signal } from "../schema/index.ts";
import { ROOT_MESSAGES } from "../schema/index.ts";
import type { WireErrorCode } from "../wire/wire-error.ts";
import { WireError } from "../wire/wire-error.ts";
import { findInvalidUtf8 } from "../wire/utf8.ts";
import {
  ACTION_MESSAGE,
  ACTION_PACKED_FIXED64,
  ACTION_PACKED_VARINT,
  ACTION_SPAN_ID,
  ACTION_STRING,
  ACTION_TRACE_ID,
  actionTable,
  TAG_LIMIT,
} from "./actions.ts";
import { isAscii } from "./ascii.ts";
import { isPlainAttribute } from "./attribute.ts";
import { locate } from "./locate.ts";

/** AnyValue may nest this deep: a value inside 63 arrays or key-value lists. */
export const MAX_ANY_VALUE_DEPTH = 64;

/**
 * Checks every field of an OTLP request body at every depth: framing, wire types of known fields, varints, UTF-8 of
 * strings, lengths of trace and span ids, AnyValue nesting. Unknown fields only need sound framing.
 *
 * Returns whether the fields of every message stand in the order of their numbers, as every known encoder writes them:
 * then a search may stop at the first larger number.
 *
 * @throws WireError with the offset and the path of the first fault.
 */
export function validateMessage(signal: Signal, bytes: Uint8Array, maxDepth: number = MAX_ANY_VALUE_DEPTH): boolean {
  const { idOf } = actionTable();
  const validator = new Validator(signal, bytes, maxDepth);
  validator.message(idOf.get(ROOT_MESSAGES[signal])!, 0, bytes.length, 0);
  return validator.ordered;
}

class Validator {
  ordered = true;
  private readonly signal: Signal;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly maxDepth: number;
  private readonly actions: Uint16Array;
  private readonly known: Uint8Array;
  private readonly anyValue: number;
  private readonly attribute: number;

  constructor(signal: Signal, bytes: Uint8Array, maxDepth: number) {
    const { actions, known, idOf } = actionTable();
    this.signal = signal;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.maxDepth = maxDepth;
    this.actions = actions;
    this.known = known;
    this.anyValue = idOf.get("AnyValue")!;
    this.attribute = (idOf.get("KeyValue")! << 4) | ACTION_MESSAGE;
  }

  /** Checks the message `id` in `[pos, end)`; `depth` counts the AnyValues around it. */
  message(id: number, pos: number, end: number, depth: number): void {
    const { bytes, view, actions, attribute } = this;
    const row = id * TAG_LIMIT;
    const shortcut = depth < this.maxDepth;
    let lastTag = 0;
    while (pos < end) {
      const start = pos;
      let tag = bytes[pos++]!;
      if (tag >= 0x80) {
        pos = this.varint(start, end);
        tag = this.bigTag(start, pos);
      }
      if (tag < lastTag) this.ordered = false;
      lastTag = tag;
      const action = tag < TAG_LIMIT ? actions[row + tag]! : 0;
      if (action === 0) this.unknown(id, tag, start);
      if ((tag & 7) !== 2) {
        pos = this.scalar(tag, pos, end);
        continue;
      }
      const lengthAt = pos;
      let length = pos < end ? bytes[pos]! : 0x80;
      if (length < 0x80) pos++;
      else {
        pos = this.varint(lengthAt, end);
        length = this.bigLength(lengthAt, pos);
      }
      const next = pos + length;
      if (next > end) this.fail("length", lengthAt, `the field claims ${length} bytes, ${end - pos} are left in its message`);
      if (action === attribute) {
        if (!shortcut || !isPlainAttribute(bytes, view, pos, next)) this.message(action >> 4, pos, next, depth);
        else if (tag < 0x80) {
          pos = this.plainRow(tag, next, end);
          continue;
        }
      } else if (action !== 0) this.content(action, pos, next, depth);
      pos = next;
    }
  }

  /** Passes over the attributes of the plain form that follow one another from `pos` on, without another look at the table; returns where they end. */
  private plainRow(tag: number, pos: number, end: number): number {
    const { bytes, view } = this;
    while (end - pos > 2 && bytes[pos] === tag) {
      const start = pos + 2;
      const next = start + bytes[pos + 1]!;
      if (next - start > 0x7f || next > end || !isPlainAttribute(bytes, view, start, next)) break;
      pos = next;
    }
    return pos;
  }

  /** Checks the content of a length-delimited field. */
  private content(action: number, pos: number, end: number, depth: number): void {
    const kind = action & 15;
    if (kind === ACTION_STRING) this.utf8(pos, end);
    else if (kind === ACTION_MESSAGE) this.child(action >> 4, pos, end, depth);
    else if (kind === ACTION_TRACE_ID) {
      if (end - pos !== 16 && end !== pos) this.fail("length", pos, `a trace id has 16 bytes or none, not ${end - pos}`);
    } else if (kind === ACTION_SPAN_ID) {
      if (end - pos !== 8 && end !== pos) this.fail("length", pos, `a span id has 8 bytes or none, not ${end - pos}`);
    } else if (kind === ACTION_PACKED_VARINT) {
      while (pos < end) pos = this.varint(pos, end);
    } else if (kind === ACTION_PACKED_FIXED64 && ((end - pos) & 7) !== 0) {
      this.fail("length", pos, `packed 64-bit numbers take a multiple of 8 bytes, not ${end - pos}`);
    }
  }

  private child(id: number, pos: number, end: number, depth: number): void {
    let inner = depth;
    if (id === this.anyValue && ++inner > this.maxDepth) {
      this.fail("depth", pos, `attribute values may nest ${this.maxDepth} levels deep; send a flatter value`);
    }
    this.message(id, pos, end, inner);
  }

  /** Checks a value that is not length-delimited; returns its end. */
  private scalar(tag: number, pos: number, end: number): number {
    const wire = tag & 7;
    if (wire === 0) return pos < end && this.bytes[pos]! < 0x80 ? pos + 1 : this.varint(pos, end);
    const width = wire === 1 ? 8 : 4;
    if (end - pos < width) this.fail("truncated", pos, `the value needs ${width} bytes, ${end - pos} are left in its message`);
    return pos + width;
  }

  /** Returns the end of the varint at `pos`, which has at most 64 bits. */
  private varint(pos: number, end: number): number {
    const bytes = this.bytes;
    const limit = Math.min(end, pos + 10);
    for (let at = pos; at < limit; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) continue;
      if (at === pos + 9 && byte > 1) break;
      return at + 1;
    }
    if (end - pos < 10) this.fail("truncated", pos, "the message ends inside a varint");
    return this.fail("varint", pos, "the varint does not fit 64 bits");
  }

  private bigTag(start: number, end: number): number {
    if (end === start + 2) return (this.bytes[start]! & 0x7f) | (this.bytes[start + 1]! << 7);
    const value = this.number(start, end);
    if (value > 0xffff_ffff) this.fail("tag", start, "the field number is above 2^29-1");
    return value;
  }

  private bigLength(start: number, end: number): number {
    if (end === start + 2) return (this.bytes[start]! & 0x7f) | (this.bytes[start + 1]! << 7);
    return this.number(start, end);
  }

  /** The varint in `[start, end)` as a double: exact up to 2^53, and large beyond. */
  private number(start: number, end: number): number {
    let value = 0;
    for (let at = end - 1; at >= start; at--) value = value * 128 + (this.bytes[at]! & 0x7f);
    return value;
  }

  /** Throws unless the tag belongs to a field that may be skipped. */
  private unknown(id: number, tag: number, start: number): void {
    const field = tag >>> 3;
    const wire = tag & 7;
    if (field === 0) this.fail("tag", start, "field number 0 does not exist");
    if (wire === 3 || wire === 4) this.fail("wire_type", start, `field ${field} is a group; OTLP has none`);
    if (wire > 5) this.fail("tag", start, `wire type ${wire} does not exist`);
    if (tag < TAG_LIMIT && this.known[(id * TAG_LIMIT) / 8 + field] === 1) {
      this.fail("wire_type", start, `field ${field} has wire type ${wire}, which OTLP does not give it`);
    }
  }

  private utf8(pos: number, end: number): void {
    if (isAscii(this.bytes, this.view, pos, end)) return;
    const at = findInvalidUtf8(this.bytes, pos, end);
    if (at >= 0) this.fail("utf8", at, "the string is not UTF-8; send it as UTF-8 or as bytes");
  }

  private fail(code: WireErrorCode, offset: number, detail: string): never {
    throw new WireError(code, offset, locate(ROOT_MESSAGES[this.signal], this.bytes, offset), detail);
  }
}
