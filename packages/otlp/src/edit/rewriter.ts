import { WireReader } from "../wire/reader.ts";
import { WireWriter } from "../wire/writer.ts";
import type { AttributeValue } from "../views/types.ts";
import type { MessageView } from "../views/message-view.ts";
import { writeAnyValue } from "./value-writer.ts";

/** Most edits make a record longer by no more than this. */
const usualGrowth = 256;

/**
 * Rewrites the record that a view stands at. Each change copies the record into the spare one of two buffers and moves
 * the view there, so the view reads its own changes at once.
 */
export class Rewriter {
  readonly #view: MessageView;
  readonly #reader: WireReader;
  #current = new WireWriter(0);
  #spare = new WireWriter(0);

  constructor(view: MessageView) {
    this.#view = view;
    this.#reader = new WireReader(view.bytes);
  }

  /** Whether the view stands at a rewritten record. */
  get changed(): boolean {
    return this.#view.bytes === this.#current.bytes;
  }

  /** An empty buffer to write the new record to; `finish` then moves the view there. */
  begin(): WireWriter {
    const { start, end } = this.#view;
    this.#spare.length = 0;
    this.#spare.reserve(end - start + usualGrowth);
    return this.#spare;
  }

  finish(): void {
    const written = this.#spare;
    this.#spare = this.#current;
    this.#current = written;
    this.#view.moveTo(written.bytes, 0, written.length);
  }

  setString(field: number, value: string): void {
    const out = this.#beginWithout(field);
    if (value !== "") out.stringField(field, value);
    this.finish();
  }

  setInt32(field: number, value: number): void {
    const out = this.#beginWithout(field);
    if (value !== 0) out.int32Field(field, value);
    this.finish();
  }

  setAnyValue(field: number, value: AttributeValue): void {
    const out = this.#beginWithout(field);
    const mark = out.begin(field);
    writeAnyValue(out, value);
    out.end(mark);
    this.finish();
  }

  /** Starts a copy of the record that leaves out every occurrence of `field`. */
  #beginWithout(field: number): WireWriter {
    const out = this.begin();
    const { bytes, start, end } = this.#view;
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    let from = start;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag();
      reader.skip(tag);
      if (tag >>> 3 !== field) continue;
      out.raw(bytes, from, at);
      from = reader.pos;
    }
    out.raw(bytes, from, end);
    return out;
  }
}
