import { LEN } from "../wire/reader.ts";
import type { WireReader } from "../wire/reader.ts";
import { commonFieldEnd, fieldEnd, shortFieldEnd, shortFieldStart, tagAt } from "../wire/scan.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import { WireWriter } from "../wire/writer.ts";
import { plainKeyLength } from "../views/pair-key.ts";
import type { AttributeValue } from "../views/types.ts";
import type { RangeCopier } from "./range-copier.ts";
import { writeAnyValue } from "./value-writer.ts";
import type { DoubleValue } from "./value-writer.ts";

/** One change of an attribute whose key and value are known before the record is. */
export type AttributeOperation =
  /** `insert` writes where the key is absent, `update` where it is there, `upsert` in any case. */
  | { readonly action: "insert" | "update" | "upsert"; readonly key: string; readonly value: AttributeValue | DoubleValue }
  | { readonly action: "delete"; readonly key: string };

/** What all operations on one key come to. Pairs are KeyValue frames without their tag: length, then content. */
interface Rule {
  readonly key: Uint8Array;
  /** For a key that is there: another pair, nothing in its place (null), or no change. */
  readonly present: Uint8Array | null | undefined;
  /** For a key that is absent: a pair to append, or nothing. */
  readonly absent: Uint8Array | undefined;
}

const longestPlainKey = 0x7f;
/** In the place of a rule: the pair has a form that is not handled here. */
const rare = -2;
/** One bit in a number for each rule. */
const mostRules = 31;

/**
 * A fixed list of attribute operations with their bytes made once. It runs over a record in one pass, copying ranges, and decodes
 * nothing. The operations count in their order.
 */
export class AttributeProgram {
  readonly operations: readonly AttributeOperation[];
  readonly #rules: readonly Rule[];
  /** By length of the key: the rules for keys of that length. */
  readonly #byLength: readonly (readonly number[] | undefined)[];
  /** The rules that append where their key is absent. */
  readonly #appending: number;
  /** Whether `run` may be used: with more operations, or longer keys, they have to be made one by one. */
  readonly runs: boolean;

  constructor(operations: readonly AttributeOperation[]) {
    this.operations = operations;
    this.#rules = compile(operations);
    const byLength: (number[] | undefined)[] = Array.from({ length: longestPlainKey + 1 }, () => undefined);
    let appending = 0;
    for (const [index, { key, absent }] of this.#rules.entries()) {
      (byLength[Math.min(key.length, longestPlainKey)] ??= []).push(index);
      if (absent !== undefined) appending |= 1 << index;
    }
    this.#byLength = byLength;
    this.#appending = appending;
    this.runs = this.#rules.length <= mostRules && this.#rules.every(({ key }) => key.length < longestPlainKey);
  }

  /**
   * Writes the record `bytes[start, end)`, whose attributes are its fields number `field`, to `out` with all changes made.
   * False: nothing is written and nothing changes. Undefined: the record has a pair of a rare form, and the operations have to be
   * made one by one; what was written to `out` is void.
   */
  run(
    bytes: Uint8Array,
    start: number,
    end: number,
    field: number,
    out: WireWriter,
    copier: RangeCopier,
    slow: WireReader,
  ): boolean | undefined {
    const tag = (field << 3) | LEN;
    let from = start;
    let met = 0;
    for (let pos = start; pos < end;) {
      const at = pos;
      if (bytes[at] !== tag) {
        pos = otherFieldEnd(bytes, at, end, field, slow);
        if (pos < 0) return undefined;
        continue;
      }
      pos = shortFieldEnd(bytes, at, end);
      if (pos < 0) return undefined;
      const index = this.#ruleAt(bytes, at, pos);
      if (index === rare) return undefined;
      if (index < 0) continue;
      const bit = 1 << index;
      const { present } = this.#rules[index]!;
      const isFirst = (met & bit) === 0;
      met |= bit;
      if (present === undefined || (isFirst && isSame(bytes, at + 1, pos, present))) continue;
      copier.copy(bytes, from, at, out);
      from = pos;
      if (present !== null && isFirst) writePair(out, tag, present);
    }
    const missing = this.#appending & ~met;
    if (from === start && missing === 0) return false;
    copier.copy(bytes, from, end, out);
    if (missing !== 0) this.#append(out, tag, missing);
    return true;
  }

  /** The rule for the key of the KeyValue frame `bytes[at, end)`; -1 without one, `rare` when the pair has not the plain form. */
  #ruleAt(bytes: Uint8Array, at: number, end: number): number {
    const pair = shortFieldStart(bytes, at);
    const length = plainKeyLength(bytes, pair, end);
    if (length < 0) return rare;
    const candidates = this.#byLength[length];
    if (candidates === undefined) return -1;
    for (let i = 0; i < candidates.length; i++) {
      const { key } = this.#rules[candidates[i]!]!;
      let last = key.length - 1;
      while (last >= 0 && bytes[pair + 2 + last] === key[last]) last--;
      if (last < 0) return candidates[i]!;
    }
    return -1;
  }

  #append(out: WireWriter, tag: number, missing: number): void {
    for (let index = 0; index < this.#rules.length; index++) {
      const { absent } = this.#rules[index]!;
      if (absent !== undefined && (missing & (1 << index)) !== 0) writePair(out, tag, absent);
    }
  }
}

/** End of a field that is no attribute; -1 for an attribute whose tag is longer than it has to be. */
function otherFieldEnd(bytes: Uint8Array, at: number, end: number, attributes: number, slow: WireReader): number {
  const next = commonFieldEnd(bytes, at, end);
  if (next >= 0) return next;
  const pos = fieldEnd(bytes, at, end, slow);
  return tagAt(bytes, at) >>> 3 === attributes ? -1 : pos;
}

/** A tag of one byte, and the rest of the frame. */
function writePair(out: WireWriter, tag: number, pair: Uint8Array): void {
  out.varint32(tag);
  out.raw(pair);
}

function isSame(bytes: Uint8Array, start: number, end: number, other: Uint8Array | null): boolean {
  if (other === null || end - start !== other.length) return false;
  for (let i = other.length - 1; i >= 0; i--) if (bytes[start + i] !== other[i]) return false;
  return true;
}

/** Works out, for each key, what its operations come to for records that have it and for those that do not. */
function compile(operations: readonly AttributeOperation[]): readonly Rule[] {
  const rules = new Map<string, { present: Uint8Array | null | undefined; absent: Uint8Array | undefined }>();
  for (const operation of operations) {
    const rule = rules.get(operation.key) ?? { present: undefined, absent: undefined };
    rules.set(operation.key, rule);
    if (operation.action === "delete") {
      rule.present = null;
      rule.absent = undefined;
      continue;
    }
    const pair = encodePair(operation.key, operation.value);
    const { action } = operation;
    if (action === "upsert" || (action === "insert") === (rule.present === null)) rule.present = pair;
    if (action === "upsert" || (action === "insert") === (rule.absent === undefined)) rule.absent = pair;
  }
  return [...rules].map(([key, rule]) => ({ key: encodeUtf8(key), ...rule }));
}

/** KeyValue:  1 key string  2 value AnyValue; with its length before it. */
function encodePair(key: string, value: AttributeValue | DoubleValue): Uint8Array {
  const writer = new WireWriter();
  writer.message(1, (pair) => {
    pair.stringField(1, key);
    pair.message(2, (content) => writeAnyValue(content, value));
  });
  return writer.finish().subarray(1);
}
