import { LEN, WireReader, wrongWireType } from "../wire/reader.ts";
import { contentStart, fieldEnd, tagAt } from "../wire/scan.ts";
import { decodeAnyValue, decodeKeyValue } from "./any-value.ts";
import { AttributeKey } from "./attribute-key.ts";
import { PairHash } from "./hash.ts";
import type { RecordBytes } from "./message-view.ts";
import { findPair } from "./pair-key.ts";
import { decodePlainValue } from "./plain-value.ts";
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
  /** Content of the KeyValue that `#seek` found. */
  #pairStart = 0;
  #pairEnd = 0;

  constructor(owner: RecordBytes, field: number, path: string) {
    this.owner = owner;
    this.field = field;
    this.reader = new WireReader(owner.bytes, 0, 0, `${path}.attributes`);
  }

  get(key: string | AttributeKeyLike): AttributeValue | undefined {
    if (!this.#find(this.compiled(key).bytes)) return undefined;
    const { bytes } = this.owner;
    const plain = decodePlainValue(bytes, this.#pairStart, this.#pairEnd, this.reader.path);
    return plain === undefined ? this.#generalValue(bytes) : plain;
  }

  getString(key: string | AttributeKeyLike): string | undefined {
    const value = this.get(key);
    return typeof value === "string" ? value : undefined;
  }

  has(key: string | AttributeKeyLike): boolean {
    return this.#find(this.compiled(key).bytes);
  }

  get size(): number {
    let size = 0;
    for (let pos = this.#seek(this.owner.start); pos >= 0; pos = this.#seek(pos)) size++;
    return size;
  }

  entries(): Iterable<[string, AttributeValue]> {
    const pairs: [string, AttributeValue][] = [];
    for (let pos = this.#seek(this.owner.start); pos >= 0; pos = this.#seek(pos)) {
      this.reader.reset(this.owner.bytes, this.#pairStart, this.#pairEnd);
      pairs.push(decodeKeyValue(this.reader, this.#pairEnd));
    }
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
    for (let pos = this.#seek(this.owner.start); pos >= 0; pos = this.#seek(pos)) {
      hash.bytes(this.owner.bytes, this.#pairStart, this.#pairEnd);
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

  /** Value of the found pair, whatever its form: the last one counts, null when there is none. */
  #generalValue(bytes: Uint8Array): AttributeValue {
    const { reader } = this;
    const pairEnd = this.#pairEnd;
    let start = -1;
    let end = 0;
    for (let pos = this.#pairStart; pos < pairEnd;) {
      const at = pos;
      pos = fieldEnd(bytes, at, pairEnd, reader);
      const tag = tagAt(bytes, at);
      if (tag >>> 3 !== 2) continue;
      if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, reader.path);
      start = contentStart(bytes, at);
      end = pos;
    }
    if (start < 0) return null;
    reader.reset(bytes, start, end);
    return decodeAnyValue(reader, end);
  }

  /** Finds the first pair with this key. */
  #find(key: Uint8Array): boolean {
    const { bytes, end } = this.owner;
    const at = findPair(this.owner, this.field, key, this.reader);
    if (at < 0) return false;
    this.#pairStart = contentStart(bytes, at);
    this.#pairEnd = fieldEnd(bytes, at, end, this.reader);
    return true;
  }

  /** Finds the next pair from `from` on and returns its end, -1 when there is none. */
  #seek(from: number): number {
    const { reader, field } = this;
    const { bytes, end } = this.owner;
    for (let pos = from; pos < end;) {
      const at = pos;
      pos = fieldEnd(bytes, at, end, reader);
      const tag = tagAt(bytes, at);
      if (tag >>> 3 !== field) continue;
      if ((tag & 7) !== LEN) throw wrongWireType(tag, LEN, at, reader.path);
      this.#pairStart = contentStart(bytes, at);
      this.#pairEnd = pos;
      return pos;
    }
    return -1;
  }
}
