import { CHILD_BYTES, END, FRAME, ITEM_STRIDE, OWN_BYTES, PARENT, START } from "./level.ts";
import type { Part } from "./part.ts";
import { headerSize } from "./plan.ts";

/** Cuts parts into lists of at most `max` items. */
export function splitPartsByItems(parts: readonly Part[], max: number): Part[][] {
  const pieces: Part[][] = [];
  let piece: Part[] = [];
  let room = max;
  for (const part of parts) {
    for (let from = 0; from < part.count;) {
      const to = Math.min(part.count, from + room);
      piece.push(part.slice(from, to));
      room -= to - from;
      from = to;
      if (room > 0) continue;
      pieces.push(piece);
      piece = [];
      room = max;
    }
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}

/** Cuts parts into lists that encode to at most `max` bytes with shortest length prefixes; each has an item at least. */
export function splitPartsByBytes(parts: readonly Part[], max: number): Part[][] {
  const pieces: Part[][] = [];
  let piece: Part[] = [];
  let before = 0;
  for (const part of parts) {
    const size = new RunningSize(part);
    let from = 0;
    for (let position = 0; position < part.count; position++) {
      size.add(position);
      if (before + size.bytes <= max || (position === from && piece.length === 0)) continue;
      if (position > from) piece.push(part.slice(from, position));
      pieces.push(piece);
      piece = [];
      before = 0;
      from = position;
      size.restart();
      size.add(position);
    }
    if (from < part.count) piece.push(part.slice(from, part.count));
    before += size.bytes;
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}

/** Size of the encoding of the positions added so far, kept per open envelope. */
class RunningSize {
  bytes = 0;
  readonly #part: Part;
  /** Per envelope level: the open row, its content so far, and what its siblings before it take in their parent. */
  readonly #open: Int32Array;
  readonly #content: Float64Array;
  readonly #base: number;
  #closed = 0;

  constructor(part: Part) {
    const depth = part.segment.levels.length - 1;
    this.#part = part;
    this.#open = new Int32Array(depth).fill(-1);
    this.#content = new Float64Array(depth);
    this.#base = part.segment.bytes.length - part.segment.childBytes;
  }

  restart(): void {
    this.#open.fill(-1);
    this.#closed = 0;
    this.bytes = 0;
  }

  add(position: number): void {
    const { levels, items } = this.#part.segment;
    this.#enter(levels.length - 2, items.rows[this.#part.item(position) * ITEM_STRIDE + PARENT]!);
    this.#content[levels.length - 2]! += itemFrame(this.#part, position);
    let frame = 0;
    for (let depth = levels.length - 2; depth >= 0; depth--) {
      const content = this.#content[depth]! + frame;
      frame = headerSize(content) + content;
    }
    this.bytes = this.#base + this.#closed + frame;
  }

  /** Opens row `node` at `depth`, closing the one that was open there into its parent. */
  #enter(depth: number, node: number): void {
    if (this.#open[depth] === node) return;
    this.#close(depth);
    const level = this.#part.segment.levels[depth]!;
    const row = node * level.stride;
    if (depth > 0) this.#enter(depth - 1, level.rows[row + PARENT]!);
    this.#open[depth] = node;
    this.#content[depth] =
      level.rows[row + END]! -
      level.rows[row + START]! -
      level.rows[row + CHILD_BYTES]! +
      this.#ownChange(depth, node, level.rows[row + OWN_BYTES]!);
  }

  #close(depth: number): void {
    if (this.#open[depth]! < 0) return;
    if (depth + 1 < this.#open.length) this.#close(depth + 1);
    const content = this.#content[depth]!;
    const frame = headerSize(content) + content;
    if (depth === 0) this.#closed += frame;
    else this.#content[depth - 1]! += frame;
    this.#open[depth] = -1;
  }

  #ownChange(depth: number, node: number, before: number): number {
    const { patches } = this.#part;
    const range = (depth === 0 ? patches?.resources : depth === 1 ? patches?.scopes : undefined)?.get(node);
    return range === undefined ? 0 : headerSize(range.end - range.start) + range.end - range.start - before;
  }
}

function itemFrame(part: Part, position: number): number {
  const ranges = part.patches?.items;
  if (ranges !== undefined && ranges[2 * position]! >= 0) {
    const length = ranges[2 * position + 1]! - ranges[2 * position]!;
    return headerSize(length) + length;
  }
  const row = part.item(position) * ITEM_STRIDE;
  return part.segment.items.rows[row + END]! - part.segment.items.rows[row + FRAME]!;
}
