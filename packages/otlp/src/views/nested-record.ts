import { LEN, wrongWireType } from "../wire/reader.ts";
import { MessageView } from "./message-view.ts";
import type { RecordBytes } from "./message-view.ts";

/** A sub-message of an item that is decoded into a plain value. */
export abstract class NestedRecord<T> extends MessageView {
  abstract decode(): T;

  /** Decodes every occurrence of the repeated message `field` of `owner`. */
  decodeEach(owner: RecordBytes, field: number): T[] {
    const values: T[] = [];
    const { reader } = this;
    let pos = owner.start;
    while (pos < owner.end) {
      reader.reset(owner.bytes, pos, owner.end);
      const tag = reader.tag();
      if (tag >>> 3 === field) {
        if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, pos, this.path);
        const length = reader.length();
        pos = reader.pos + length;
        values.push(this.moveTo(owner.bytes, reader.pos, pos).decode());
      } else {
        reader.skip(tag);
        pos = reader.pos;
      }
    }
    return values;
  }
}
