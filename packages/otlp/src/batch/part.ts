import type { WireWriter } from "../wire/writer.ts";
import { END, ITEM_STRIDE, OWN_END, OWN_START, START } from "./level.ts";
import type { Segment } from "./segment.ts";

/** Where a rewritten record lies in the arena. */
export interface ArenaRange {
  readonly start: number;
  readonly end: number;
}

/** Records that edits rewrote. The arena only grows, so batches made from one another may share it. */
export interface Patches {
  readonly arena: WireWriter;
  /**
   * Start and end of the content per position, with tag and shortest length before it, so that neighbours are one range of the
   * encoding; start -1: not rewritten. Undefined: no item is.
   */
  readonly items: Int32Array | undefined;
  /** By row number: rewritten content of the Resource or InstrumentationScope. */
  readonly resources: ReadonlyMap<number, ArenaRange>;
  readonly scopes: ReadonlyMap<number, ArenaRange>;
}

/** Selected items of one segment, some of them rewritten. Positions 0 .. count-1 number the selected items. */
export class Part {
  readonly segment: Segment;
  /** Item row numbers, ascending; undefined: all. */
  readonly selected: Int32Array | undefined;
  readonly patches: Patches | undefined;
  readonly count: number;

  constructor(segment: Segment, selected?: Int32Array, patches?: Patches) {
    this.segment = segment;
    this.selected = selected;
    this.patches = patches;
    this.count = selected === undefined ? segment.items.count : selected.length;
  }

  /** Whether it encodes to the received bytes. */
  get untouched(): boolean {
    return this.selected === undefined && this.patches === undefined;
  }

  item(position: number): number {
    return this.selected === undefined ? position : this.selected[position]!;
  }

  /** The part with only these positions (ascending). */
  pick(positions: Int32Array): Part {
    if (positions.length === this.count) return this;
    const { patches, selected } = this;
    const items = selected === undefined ? positions : positions.map((position) => selected[position]!);
    if (patches?.items === undefined) return new Part(this.segment, items, patches);
    const ranges = new Int32Array(positions.length * 2);
    for (let i = 0; i < positions.length; i++) {
      ranges[2 * i] = patches.items[2 * positions[i]!]!;
      ranges[2 * i + 1] = patches.items[2 * positions[i]! + 1]!;
    }
    return new Part(this.segment, items, { ...patches, items: ranges });
  }

  /** The part with positions from .. to-1. */
  slice(from: number, to: number): Part {
    if (from === 0 && to === this.count) return this;
    const { patches } = this;
    const selected = this.selected?.subarray(from, to) ?? Int32Array.from({ length: to - from }, (_, i) => from + i);
    if (patches?.items === undefined) return new Part(this.segment, selected, patches);
    return new Part(this.segment, selected, { ...patches, items: patches.items.subarray(2 * from, 2 * to) });
  }
}

/** A record to point a view at. */
export interface RecordTarget {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Points `target` at the item's content. */
export function locateItem(part: Part, position: number, target: RecordTarget): void {
  const ranges = part.patches?.items;
  if (ranges !== undefined && ranges[2 * position]! >= 0) {
    target.bytes = part.patches!.arena.bytes;
    target.start = ranges[2 * position]!;
    target.end = ranges[2 * position + 1]!;
    return;
  }
  const { bytes, items } = part.segment;
  const row = part.item(position) * ITEM_STRIDE;
  target.bytes = bytes;
  target.start = items.rows[row + START]!;
  target.end = items.rows[row + END]!;
}

/** Points `target` at the content of the Resource or InstrumentationScope of an envelope; empty when it has none. */
export function locateOwn(part: Part, depth: 0 | 1, node: number, target: RecordTarget): void {
  const patch = (depth === 0 ? part.patches?.resources : part.patches?.scopes)?.get(node);
  if (patch !== undefined) {
    target.bytes = part.patches!.arena.bytes;
    target.start = patch.start;
    target.end = patch.end;
    return;
  }
  const level = part.segment.levels[depth]!;
  const row = node * level.stride;
  target.bytes = part.segment.bytes;
  target.start = level.rows[row + OWN_START]!;
  target.end = level.rows[row + OWN_END]!;
}
