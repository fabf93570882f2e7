import { copyRange } from "../wire/writer.ts";
import type { WireWriter } from "../wire/writer.ts";

const noBytes: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
/** Ranges of these sizes are copied word by word: a subarray for each would be more garbage than the copy is work. */
const shortest = 16;
const longest = 4096;

/** Appends ranges of a few buffers to writers without making objects. Lives as long as one edit, as it keeps the last buffer. */
export class RangeCopier {
  #bytes: Uint8Array = noBytes;
  #view: DataView | undefined;

  copy(bytes: Uint8Array, start: number, end: number, out: WireWriter): void {
    const size = end - start;
    out.reserve(size);
    if (size < shortest || size > longest) copyRange(bytes, start, end, out.bytes, out.length);
    else copyWords(this.#viewOf(bytes), start, end, out.view(), out.length);
    out.length += size;
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (this.#view === undefined || bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}

function copyWords(source: DataView, start: number, end: number, target: DataView, at: number): void {
  let from = start;
  let to = at;
  for (const last = end - 8; from <= last; from += 8, to += 8) {
    target.setInt32(to, source.getInt32(from, true), true);
    target.setInt32(to + 4, source.getInt32(from + 4, true), true);
  }
  for (; from < end; from++, to++) target.setUint8(to, source.getUint8(from));
}
