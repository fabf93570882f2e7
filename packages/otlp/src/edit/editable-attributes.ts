import { LEN } from "../wire/reader.ts";
import { contentStart, fieldEnd, tagAt } from "../wire/scan.ts";
import type { WireWriter } from "../wire/writer.ts";
import type { MessageView } from "../views/message-view.ts";
import { pairHasKey } from "../views/pair-key.ts";
import { RecordAttributes } from "../views/record-attributes.ts";
import type { AttributeKeyLike, AttributeValue } from "../views/types.ts";
import { Rewriter } from "./rewriter.ts";
import type { AttributesEditor } from "./types.ts";
import { writeAnyValue } from "./value-writer.ts";
import type { DoubleValue } from "./value-writer.ts";

type Change = (out: WireWriter, start: number, end: number) => void;

/** Attributes of a record that rewrites itself on every change. */
export class EditableAttributes extends RecordAttributes implements AttributesEditor {
  readonly rewriter: Rewriter;

  constructor(owner: MessageView, field: number, path: string) {
    super(owner, field, path);
    this.rewriter = new Rewriter(owner);
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
  #writePair(out: WireWriter, key: Uint8Array, start: number, end: number, value: AttributeValue | DoubleValue | undefined): void {
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
