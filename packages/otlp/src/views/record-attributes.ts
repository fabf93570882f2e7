import { LEN, WireReader, wrongWireType } from "../wire/reader.ts";
import { decodeAnyValue, decodeKeyValue } from "./any-value.ts";
import { AttributeKey } from "./attribute-key.ts";
import { PairHash } from "./hash.ts";
import type { RecordBytes } from "./message-view.ts";
import { pairHasKey } from "./pair-key.ts";
import type { AttributeKeyLike, AttributesView, AttributeValue } from "./types.ts";

// Keys given as strings are compiled once per view; a view sees few different ones.
const keyCacheSize = 64;

/** The repeated KeyValue field number `field` of its owner. */
export class RecordAttributes implements AttributesView {
  field: number;
  /** Read anew on every call, so it may move on. */
  protected readonly owner: RecordBytes;
  protected readonly reader: WireReader;
  readonly #keys = new Map<string, AttributeKey>();
  #hash: PairHash | undefined;
  /** Content of the KeyValue found last. */
  #pairStart = 0;
  #pairEnd = 0;

  constructor(owner: RecordBytes, field: number, path: string) {
    this.owner = owner;
    this.field = field;
    this.reader = new WireReader(owner.bytes, 0, 0, `${path}.attributes`);
  }

  get(key: string | AttributeKeyLike): AttributeValue | undefined {
    const value = this.#value(key);
    return value === 0 ? undefined : value === -1 ? null : decodeAnyValue(this.reader, this.reader.end);
  }

  getString(key: string | AttributeKeyLike): string | undefined {
    if (this.#value(key) <= 0) return undefined;
    const value = decodeAnyValue(this.reader, this.reader.end);
    return typeof value === "string" ? value : undefined;
  }

  has(key: string | AttributeKeyLike): boolean {
    return this.#find(this.compiled(key).bytes);
  }

  get size(): number {
    let size = 0;
    for (let end = this.#first(); end >= 0; end = this.#next(end)) size++;
    return size;
  }

  entries(): Iterable<[string, AttributeValue]> {
    const pairs: [string, AttributeValue][] = [];
    for (let end = this.#first(); end >= 0; end = this.#next(end)) pairs.push(decodeKeyValue(this.reader, end));
    return pairs;
  }

  toObject(): Record<string, AttributeValue> {
    const pairs = new Map<string, AttributeValue>();
    for (const [key, value] of this.entries()) if (!pairs.has(key)) pairs.set(key, value);
    return Object.fromEntries(pairs);
  }

  hash(): number {
    const hash = (this.#hash ??= new PairHash());
    hash.reset();
    for (let end = this.#first(); end >= 0; end = this.#next(end)) {
      hash.bytes(this.owner.bytes, this.reader.pos, end);
      hash.commit();
    }
    return hash.value();
  }

  protected compiled(key: string | AttributeKeyLike): AttributeKeyLike {
    if (typeof key !== "string") return key;
    let compiled = this.#keys.get(key);
    if (compiled === undefined) {
      compiled = new AttributeKey(key);
      if (this.#keys.size >= keyCacheSize) this.#keys.clear();
      this.#keys.set(key, compiled);
    }
    return compiled;
  }

  /** Puts the reader around the AnyValue of `key`: 1; 0 when there is no such key, -1 when it has no value. */
  #value(key: string | AttributeKeyLike): number {
    if (!this.#find(this.compiled(key).bytes)) return 0;
    const { reader } = this;
    let start = -1;
    let end = 0;
    reader.reset(this.owner.bytes, this.#pairStart, this.#pairEnd);
    while (reader.pos < this.#pairEnd) {
      const at = reader.pos;
      const tag = reader.tag();
      if (tag >>> 3 === 2) {
        if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, reader.path);
        const length = reader.length();
        start = reader.pos;
        end = start + length;
        reader.pos = end;
      } else reader.skip(tag);
    }
    if (start < 0) return -1;
    reader.reset(this.owner.bytes, start, end);
    return 1;
  }

  /** Finds the first pair with this key. */
  #find(key: Uint8Array): boolean {
    const { bytes } = this.owner;
    for (let end = this.#first(); end >= 0; end = this.#next(end)) {
      const start = this.reader.pos;
      if (!pairHasKey(bytes, start, end, key, this.reader.path)) continue;
      this.#pairStart = start;
      this.#pairEnd = end;
      return true;
    }
    return false;
  }

  /** Moves the reader to the content of the first pair and returns its end, -1 when there is none. */
  #first(): number {
    const { owner } = this;
    this.reader.reset(owner.bytes, owner.start, owner.end);
    return this.#seek();
  }

  #next(end: number): number {
    this.reader.pos = end;
    return this.#seek();
  }

  #seek(): number {
    const { reader, field } = this;
    const { end } = reader;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag();
      if (tag >>> 3 === field) {
        if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, reader.path);
        const length = reader.length();
        return reader.pos + length;
      }
      reader.skip(tag);
    }
    return -1;
  }
}
