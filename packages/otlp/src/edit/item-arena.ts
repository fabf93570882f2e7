import type { Part } from "../batch/part.ts";
import { LEN } from "../wire/reader.ts";
import { varintSize, writeVarint32 } from "../wire/writer.ts";
import type { WireWriter } from "../wire/writer.ts";
import type { MessageView } from "../views/message-view.ts";
import type { RangeCopier } from "./range-copier.ts";

/** Room beyond a record: its header, and what most edits add. */
const usualGrowth = 256;

/**
 * Appends the rewritten items of one part to its arena: tag, length, content.
 *
 *     (field << 3 | 2)  length  content
 */
export class ItemArena {
  readonly writer: WireWriter;
  readonly #tag: number;
  readonly #count: number;
  #written = 0;
  /** Where the header of the open item begins, and where its content does if its length takes as many bytes as expected. */
  #frame = 0;
  #content = 0;

  constructor(part: Part) {
    this.writer = part.patches!.arena;
    this.#tag = ((part.segment.signal === "metrics" ? 1 : 2) << 3) | LEN;
    this.#count = part.count;
  }

  /** Whether an item was written. */
  get used(): boolean {
    return this.#written > 0;
  }

  /** Opens an item in the place of the one at `position`, whose content has `size` bytes; write its content to the result. */
  open(size: number, position: number): WireWriter {
    const { writer } = this;
    this.#frame = writer.length;
    const room = size + usualGrowth;
    if (writer.length + room > writer.bytes.length) writer.reserve(Math.ceil(room + size * 1.1 * this.#expected(position)));
    writer.length += 1 + varintSize(size);
    this.#content = writer.length;
    return writer;
  }

  /** Takes back what was written since `open`. */
  cancel(): void {
    this.writer.length = this.#frame;
  }

  /** Completes the open item and points `view` at it. */
  close(view: MessageView): void {
    const { writer } = this;
    const size = writer.length - this.#content;
    const content = this.#frame + 1 + varintSize(size);
    const shift = content - this.#content;
    if (shift !== 0) {
      writer.reserve(Math.max(0, shift));
      writer.bytes.copyWithin(content, this.#content, writer.length);
      writer.length += shift;
    }
    writer.bytes[this.#frame] = this.#tag;
    writeVarint32(writer.bytes, this.#frame + 1, size);
    this.#written++;
    view.moveTo(writer.bytes, content, writer.length);
  }

  /** Whether `view` stands at the item that was closed last. */
  holds(view: MessageView): boolean {
    return view.bytes === this.writer.bytes && view.end === this.writer.length && view.start > this.#frame;
  }

  /** Appends the record at which `view` stands, and points it there. */
  append(view: MessageView, position: number, copier: RangeCopier): void {
    const { bytes, start, end } = view;
    copier.copy(bytes, start, end, this.open(end - start, position));
    this.close(view);
  }

  /** Items that may still come if they change as often as those so far; growing in steps would copy more. */
  #expected(position: number): number {
    return ((this.#written + 1) / (position + 1)) * (this.#count - position - 1);
  }
}
