import { jsonFromBytes } from "../json/index.ts";
import { dataFromBytes } from "../object/index.ts";
import type { SignalData } from "../object/index.ts";
import type { Signal } from "../schema/index.ts";
import { editParts } from "../edit/edit-parts.ts";
import type { EditCursor } from "../edit/edit-parts.ts";
import type { EditVisitor } from "../edit/types.ts";
import type { ItemCursor } from "../views/item-cursor.ts";
import { emitPart } from "./emit.ts";
import { indexRequest } from "./index-request.ts";
import { planPart } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { Part } from "./part.ts";
import type { Segment } from "./segment.ts";
import { PartPicker } from "./part-picker.ts";
import { BufferSink, ChunkSink } from "./sink.ts";
import { splitPartsByBytes, splitPartsByItems } from "./split.ts";

/** A batch that keeps this many times its own size alive is worth a copy. */
const WASTE_FACTOR = 2;

/** Memory of less than this is left to the collector: young, it costs less to collect than to give back. */
const LEAST_RELEASED = 32 << 10;

/** A request body in the compressed form in which it came. */
export interface CompressedBody {
  /** Content encoding: gzip, zstd, … */
  readonly encoding: string;
  readonly bytes: Uint8Array;
}

/** A cursor over items: `while (cursor.next()) …`. */
export type Items<View> = View & { next(): boolean };

/**
 * Items of one signal as OTLP bytes. A batch never changes: each method returns a new batch, or the same one when
 * nothing changed. Batches made from one another share the received bytes, so a few items that are kept for long keep their
 * whole request in memory; `compact` lets go of it.
 */
export abstract class ItemBatch<S extends Signal, View, Editor> {
  abstract readonly signal: S;
  /** Selected spans, log records or data points. */
  readonly itemCount: number;
  /** The form in which the body came; only while nothing changed. */
  readonly compressed: CompressedBody | undefined;
  readonly #parts: readonly Part[];
  #plans: readonly (Plan | undefined)[] | undefined;

  /** Use `openBatch`. */
  constructor(parts: readonly Part[], compressed?: CompressedBody) {
    this.#parts = parts;
    this.compressed = compressed;
    let count = 0;
    for (const part of parts) count += part.count;
    this.itemCount = count;
  }

  /** Concatenates batches of one class without copying; a single batch comes back itself. */
  static merge<B extends ItemBatch<Signal, unknown, unknown>>(batches: readonly B[]): B {
    const first = batches[0];
    if (first === undefined) throw new RangeError("there is nothing to merge; pass at least one batch");
    if (batches.length === 1) return first;
    const other = batches.find((batch) => batch.signal !== first.signal);
    if (other !== undefined) throw new TypeError(`${first.signal} and ${other.signal} do not merge; merge each signal alone`);
    return first.make(distinct(batches.flatMap((batch) => batch.#parts)));
  }

  /** Length of `encode()` in bytes. */
  get byteLength(): number {
    let length = 0;
    for (const [i, plan] of this.#planned().entries()) length += plan?.length ?? this.#parts[i]!.segment.bytes.length;
    return length;
  }

  /**
   * Memory that the batch keeps alive, in bytes: whole requests with their offset indexes, and what edits rewrote. Batches
   * made from one another share most of it, and each counts all of it.
   */
  get memoryBytes(): number {
    let total = this.compressed?.bytes.length ?? 0;
    let last: Segment | undefined;
    for (const { segment, patches } of this.#parts) {
      if (segment !== last) total += memoryOf(segment);
      total += patches?.arena.bytes.length ?? 0;
      last = segment;
    }
    return total;
  }

  /** The same items in memory of about their own size: for batches that wait. The same batch while it keeps little more alive than that. */
  compact(): this {
    if (!this.#isSparse() || this.memoryBytes <= WASTE_FACTOR * this.byteLength) return this;
    const ordered = this.#parts.every(({ segment, patches }) => segment.ordered && patches === undefined);
    // Who was handed a batch that is kept may keep the copy as well.
    const owned = this.#parts.every(({ segment }) => segment.isOwned);
    return this.make([new Part(indexRequest(this.signal, this.encode(), ordered, owned))]);
  }

  /** Makes `release` do nothing, for batches that share memory with this one as well: for who may look at it after handing it on. */
  keep(): void {
    for (const { segment } of this.#parts) segment.isOwned = false;
  }

  /**
   * Gives the received bytes and what edits rewrote back at once, where that is known to be safe (`owned`, `keep`). V8 learns late
   * that such memory is garbage, and marks the whole heap for it. Neither this batch nor one that was made from it, or that it was made
   * from, can be read afterwards.
   */
  release(): void {
    for (const { segment, patches } of this.#parts) {
      if (!segment.isOwned) continue;
      segment.isOwned = false;
      free(segment.bytes);
      if (patches !== undefined) free(patches.arena.bytes);
    }
  }

  /** A cursor before the first item. */
  items(): Items<View> {
    return this.cursor(this.#parts) as unknown as Items<View>;
  }

  /** Keeps the items for which `keep` is true; the same batch when that is all of them. */
  filter(keep: (item: View) => boolean): this {
    const cursor = this.cursor(this.#parts);
    const picker = new PartPicker();
    while (cursor.next()) if (keep(cursor as unknown as View)) picker.add(cursor.part, cursor.position);
    const parts = picker.finish();
    return this.#sameItems(parts) ? this : this.make(parts);
  }

  /** Rewrites what the visitor changes; the same batch when it changes nothing. Errors that it throws pass through. */
  edit(visitor: EditVisitor<Editor>): this {
    const makeCursor = (parts: readonly Part[]): EditCursor => this.editCursor(parts);
    const parts = editParts(this.#parts, makeCursor, visitor as unknown as EditVisitor<EditCursor>);
    return parts.every((part, i) => part === this.#parts[i]) ? this : this.make(parts);
  }

  /** Cuts into batches of at most `max` items (at least 1), in order. */
  splitByItems(max: number): this[] {
    if (!(max >= 1)) throw new RangeError(`a batch cannot be split into pieces of ${max} items; use 1 or more`);
    if (this.itemCount <= max) return [this];
    this.keep();
    return splitPartsByItems(this.#parts, Math.floor(max)).map((parts) => this.make(parts));
  }

  /** Cuts into batches that encode to at most `max` bytes each, in order; an item that alone needs more gets a batch of its own. */
  splitByBytes(max: number): this[] {
    if (!(max >= 1)) throw new RangeError(`a batch cannot be split into pieces of ${max} bytes; use 1 or more`);
    if (this.itemCount <= 1 || this.byteLength <= max) return [this];
    this.keep();
    return splitPartsByBytes(this.#parts, max).flatMap((parts) => this.make(parts).#halve(max));
  }

  /** One batch per key, in the order in which the keys first appear. */
  groupBy(key: (item: View) => string): Map<string, this> {
    const cursor = this.cursor(this.#parts);
    const pickers = new Map<string, PartPicker>();
    while (cursor.next()) {
      const name = key(cursor as unknown as View);
      let picker = pickers.get(name);
      if (picker === undefined) pickers.set(name, (picker = new PartPicker()));
      picker.add(cursor.part, cursor.position);
    }
    if (pickers.size > 1) this.keep();
    const groups = new Map<string, this>();
    for (const [name, picker] of pickers) groups.set(name, pickers.size === 1 ? this : this.make(picker.finish()));
    return groups;
  }

  /** OTLP Export*ServiceRequest bytes; an untouched batch returns the received bytes themselves, so do not change them. */
  encode(): Uint8Array {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only!.untouched) return only!.segment.bytes;
    const sink = new BufferSink(this.byteLength);
    for (const [i, plan] of this.#planned().entries()) emit(this.#parts[i]!, plan, sink);
    return sink.bytes;
  }

  /** The same bytes as a gather list that shares large ranges with the received bytes. */
  encodeChunks(): Uint8Array[] {
    const sink = new ChunkSink();
    for (const [i, plan] of this.#planned().entries()) emit(this.#parts[i]!, plan, sink);
    return sink.finish();
  }

  /** The request as plain objects; unknown fields are left out. */
  toObject(): SignalData[S] {
    return dataFromBytes(this.signal, this.encode());
  }

  /** Strict OTLP/JSON text; unknown fields are left out. */
  toJson(): string {
    return jsonFromBytes(this.signal, this.encode());
  }

  protected abstract make(parts: readonly Part[]): this;
  protected abstract cursor(parts: readonly Part[]): ItemCursor;
  protected abstract editCursor(parts: readonly Part[]): EditCursor;

  /** undefined: the part is untouched and copied as it is. */
  /** Whether most items of its requests are gone: cheap to know, and edits alone never double a request's memory and more. */
  #isSparse(): boolean {
    let all = 0;
    for (const { segment } of this.#parts) all += segment.items.count;
    return this.itemCount * 2 < all;
  }

  #planned(): readonly (Plan | undefined)[] {
    return (this.#plans ??= this.#parts.map((part) => (part.untouched ? undefined : planPart(part))));
  }

  #sameItems(parts: readonly Part[]): boolean {
    let count = 0;
    for (const part of parts) count += part.count;
    return count === this.itemCount;
  }

  /** Sizes are counted with shortest length prefixes; received ones may be longer, which this makes up for. */
  #halve(max: number): this[] {
    if (this.itemCount <= 1 || this.byteLength <= max) return [this];
    return this.splitByItems(Math.ceil(this.itemCount / 2)).flatMap((half) => half.#halve(max));
  }
}

function memoryOf({ bytes, levels }: Segment): number {
  let total = bytes.length;
  for (let i = 0; i < levels.length; i++) total += levels[i]!.rows.byteLength;
  return total;
}

function free({ buffer }: Uint8Array): void {
  if (buffer.byteLength >= LEAST_RELEASED && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** The same part may come from several batches; within one batch a part object stands for its place. */
function distinct(parts: readonly Part[]): Part[] {
  const seen = new Set<Part>();
  return parts.map((part) => {
    if (seen.has(part)) return new Part(part.segment, part.selected, part.patches);
    seen.add(part);
    return part;
  });
}

function emit(part: Part, plan: Plan | undefined, sink: BufferSink | ChunkSink): void {
  if (plan === undefined) sink.range(part.segment.bytes, 0, part.segment.bytes.length);
  else emitPart(part, plan, sink);
}
