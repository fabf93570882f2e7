import { LEN } from "../wire/reader.ts";
import { contentStart, fieldEnd, tagAt } from "../wire/scan.ts";
import type { WireWriter } from "../wire/writer.ts";
import type { MessageView } from "../views/message-view.ts";
import { findPair, pairHasKey } from "../views/pair-key.ts";
import { RecordAttributes } from "../views/record-attributes.ts";
import type { AttributeKeyLike, AttributeValue } from "../views/types.ts";
import { Rewriter } from "./rewriter.ts";
import type { AttributeProgram } from "./attribute-program.ts";
import type { ItemArena } from "./item-arena.ts";
import { RangeCopier } from "./range-copier.ts";
import type { AttributeKind, AttributesEditor } from "./types.ts";
import { EncodedValue, writeAnyValue } from "./value-writer.ts";
import type { DoubleValue } from "./value-writer.ts";

/** AnyValue, a oneof:  1 string  2 bool  3 int  4 double  5 array  6 kvlist  7 bytes */
const kinds: readonly AttributeKind[] = ["empty", "string", "bool", "int", "double", "array", "kvlist", "bytes"];

type Change = (out: WireWriter, start: number, end: number) => void;

/** Attributes of a record that rewrites itself on every change. */
export class EditableAttributes extends RecordAttributes implements AttributesEditor {
  readonly rewriter: Rewriter;
  readonly copier: RangeCopier = new RangeCopier();
  /** Where programs write items at once, for the item at `position`; resources and scopes have none. */
  arena: ItemArena | undefined;
  position = 0;
  readonly #view: MessageView;

  constructor(owner: MessageView, field: number, path: string) {
    super(owner, field, path);
    this.rewriter = new Rewriter(owner);
    this.#view = owner;
  }

  set(key: string | AttributeKeyLike, value: AttributeValue | DoubleValue): void {
    const compiled = this.compiled(key);
    const out = this.rewriter.begin();
    const write: Change = (_, start, end) => this.#writePair(out, compiled.bytes, start, end, value);
    if (!this.#copy(out, compiled.bytes, write)) write(out, 0, 0);
    this.rewriter.finish();
  }

  rename(from: string | AttributeKeyLike, to: string | AttributeKeyLike): void {
    const oldKey = this.compiled(from);
    const newKey = this.compiled(to);
    if (oldKey.name === newKey.name || !this.has(oldKey)) return;
    this.delete(newKey);
    const out = this.rewriter.begin();
    this.#copy(out, oldKey.bytes, (_, start, end) => this.#writePair(out, newKey.bytes, start, end, undefined));
    this.rewriter.finish();
  }

  delete(key: string | AttributeKeyLike): boolean {
    const compiled = this.compiled(key);
    if (!this.has(compiled)) return false;
    this.#copy(this.rewriter.begin(), compiled.bytes, undefined);
    this.rewriter.finish();
    return true;
  }

  copy(from: string | AttributeKeyLike, to: string | AttributeKeyLike): boolean {
    const { owner } = this;
    const source = findPair(owner, this.field, this.compiled(from).bytes, this.reader);
    if (source < 0) return false;
    const value = new EncodedValue(this.#valueOf(source));
    const key = this.compiled(to).bytes;
    const out = this.rewriter.begin();
    const write: Change = (_, start, end) => this.#writePair(out, key, start, end, value);
    if (!this.#copy(out, key, write)) write(out, 0, 0);
    this.rewriter.finish();
    return true;
  }

  apply(program: AttributeProgram): void {
    if (!program.runs) return this.#applyOneByOne(program);
    const { arena } = this;
    const { bytes, start, end } = this.owner;
    const out = arena === undefined ? this.rewriter.begin() : arena.open(end - start, this.position);
    const changed = program.run(bytes, start, end, this.field, out, this.copier, this.reader);
    if (changed === true) {
      if (arena === undefined) this.rewriter.finish();
      else arena.close(this.#view);
      return;
    }
    arena?.cancel();
    if (changed === undefined) this.#applyOneByOne(program);
  }

  kind(key: string | AttributeKeyLike): AttributeKind | undefined {
    const at = findPair(this.owner, this.field, this.compiled(key).bytes, this.reader);
    if (at < 0) return undefined;
    const value = this.#valueOf(at);
    let field = 0;
    for (let pos = 0; pos < value.length;) {
      field = tagAt(value, pos) >>> 3;
      pos = fieldEnd(value, pos, value.length, this.reader);
    }
    return kinds[field] ?? "empty";
  }

  #applyOneByOne({ operations }: AttributeProgram): void {
    for (const operation of operations) {
      const { action, key } = operation;
      if (action === "delete") this.delete(key);
      else if (action === "upsert" || this.has(key) === (action === "update")) this.set(key, operation.value);
    }
  }

  /** Bytes of the AnyValue in the pair whose frame is at `at`; the last one counts. */
  #valueOf(at: number): Uint8Array {
    const { bytes, end } = this.owner;
    const pairEnd = fieldEnd(bytes, at, end, this.reader);
    let value = bytes.subarray(0, 0);
    for (let pos = contentStart(bytes, at); pos < pairEnd;) {
      const field = pos;
      pos = fieldEnd(bytes, field, pairEnd, this.reader);
      if (tagAt(bytes, field) === ((2 << 3) | LEN)) value = bytes.subarray(contentStart(bytes, field), pos);
    }
    return value;
  }

  /**
   * Copies the record without the pairs of `key`; `replace` writes something in the place of the first.
   * Returns whether there was one.
   */
  #copy(out: WireWriter, key: Uint8Array, replace: Change | undefined): boolean {
    const { bytes, start, end } = this.owner;
    const { reader, field } = this;
    let from = start;
    let found = false;
    for (let pos = start; pos < end;) {
      const at = pos;
      pos = fieldEnd(bytes, at, end, reader);
      if (tagAt(bytes, at) !== ((field << 3) | LEN)) continue;
      const pair = contentStart(bytes, at);
      if (!pairHasKey(bytes, pair, pos, key, reader)) continue;
      out.raw(bytes, from, at);
      from = pos;
      if (!found) replace?.(out, pair, pos);
      found = true;
    }
    out.raw(bytes, from, end);
    return found;
  }

  /**
   * Writes a KeyValue with a new key and, when given, a new value; other fields of the old pair [start, end) stay.
   * KeyValue:  1 key string  2 value AnyValue
   */
  #writePair(
    out: WireWriter,
    key: Uint8Array,
    start: number,
    end: number,
    value: AttributeValue | DoubleValue | EncodedValue | undefined,
  ): void {
    const pair = out.begin(this.field);
    out.bytesField(1, key);
    const { bytes } = this.owner;
    for (let pos = start; pos < end;) {
      const at = pos;
      pos = fieldEnd(bytes, at, end, this.reader);
      const field = tagAt(bytes, at) >>> 3;
      if (field > 2 || (field === 2 && value === undefined)) out.raw(bytes, at, pos);
    }
    if (value !== undefined) {
      const content = out.begin(2);
      writeAnyValue(out, value);
      out.end(content);
    }
    out.end(pair);
  }
}
