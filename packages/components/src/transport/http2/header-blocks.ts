import { ConnectionError, ERROR, FLAG } from "./frame.ts";
import { HeaderDecoder, type Field } from "./header-decoder.ts";
import type { HuffmanDecoder } from "./huffman.ts";
import type { RequestHead } from "./request-head.ts";

/** A block may come in this many CONTINUATION frames: empty ones cost nothing to send (CVE-2024-27316). */
const MAX_CONTINUATIONS = 16;
/** Packed bytes of a block: HPACK never makes a field longer by more than this. */
const PACKED_SHARE = 2;

/** Gathers header blocks from their frames, and decodes them in their order. */
export class HeaderBlocks {
  /** Whether the request of the last block ends with it. */
  endsStream = false;
  /** Whether it asked to come after itself, which RFC 7540 5.3.1 forbade and RFC 9113 leaves behind. */
  isSelfDependent = false;
  readonly #decoder: HeaderDecoder;
  readonly #maxBytes: number;
  #streamId = 0;
  #parts: Buffer[] = [];
  #length = 0;
  #block: Buffer = Buffer.alloc(0);
  /** The last head, the block that it came from, and the version of the table with which they belong together. */
  #lastHead: RequestHead | undefined;
  #lastBlock: Buffer = Buffer.alloc(0);
  #lastVersion = -1;

  constructor(huffman: HuffmanDecoder, maxBytes: number) {
    this.#decoder = new HeaderDecoder(huffman, maxBytes);
    this.#maxBytes = maxBytes * PACKED_SHARE;
  }

  /** Whether a block has begun and not ended: nothing but CONTINUATION may come now. */
  get isOpen(): boolean {
    return this.#streamId !== 0;
  }

  /** Takes a HEADERS frame; returns its stream when the block is complete. */
  start(flags: number, streamId: number, payload: Buffer): number | undefined {
    if (streamId === 0) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "HEADERS of the connection");
    const isPadded = (flags & FLAG.PADDED) !== 0;
    const padding = isPadded ? (payload[0] ?? -1) : 0;
    const from = (isPadded ? 1 : 0) + ((flags & FLAG.PRIORITY) === 0 ? 0 : 5);
    if (padding < 0 || from > payload.length) throw new ConnectionError(ERROR.FRAME_SIZE_ERROR, "HEADERS is cut off");
    if (from + padding > payload.length) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "more padding than frame");
    this.isSelfDependent = from >= 5 && (payload.readUInt32BE(from - 5) & 0x7fff_ffff) === streamId;
    this.endsStream = (flags & FLAG.END_STREAM) !== 0;
    const fragment = payload.subarray(from, payload.length - padding);
    if ((flags & FLAG.END_HEADERS) !== 0) {
      this.#block = fragment;
      return streamId;
    }
    this.#streamId = streamId;
    this.#length = 0;
    this.#parts = [];
    this.#gather(fragment);
    return undefined;
  }

  /** Takes a CONTINUATION frame; returns the stream when the block is complete. */
  more(flags: number, streamId: number, payload: Buffer): number | undefined {
    if (streamId === 0 || streamId !== this.#streamId) throw new ConnectionError(ERROR.PROTOCOL_ERROR, "CONTINUATION of nothing");
    this.#gather(payload);
    if ((flags & FLAG.END_HEADERS) === 0) return undefined;
    this.#block = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#streamId = 0;
    return streamId;
  }

  /** Decodes the block that is complete. */
  fields(): Field[] {
    return this.#decoder.decode(this.#block);
  }

  /** Decodes the block that is complete into a head. Clients repeat themselves: the same block again costs a comparison. */
  read(make: (fields: readonly Field[]) => RequestHead): RequestHead {
    const block = this.#block;
    if (this.#lastHead !== undefined && this.#lastVersion === this.#decoder.version && block.equals(this.#lastBlock)) return this.#lastHead;
    const before = this.#decoder.version;
    const head = make(this.fields());
    this.#lastHead = undefined;
    if (this.#decoder.version === before) {
      this.#lastHead = head;
      this.#lastBlock = Buffer.from(block);
      this.#lastVersion = before;
    }
    return head;
  }

  #gather(fragment: Buffer): void {
    this.#length += fragment.length;
    if (this.#parts.length > MAX_CONTINUATIONS || this.#length > this.#maxBytes) {
      throw new ConnectionError(ERROR.ENHANCE_YOUR_CALM, "a header block is too long");
    }
    this.#parts.push(Buffer.from(fragment));
  }
}
