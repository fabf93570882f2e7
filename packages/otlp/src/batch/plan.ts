import { varintSize } from "../wire/writer.ts";
import { CHILD_BYTES, END, FIRST_CHILD, FRAME, ITEM_STRIDE, OWN_BYTES, PARENT, START } from "./level.ts";
import type { Level } from "./level.ts";
import type { Part } from "./part.ts";

/** The kept rows of one envelope level and the sizes they will have. */
interface PlanLevel {
  /** Row numbers, ascending. */
  readonly nodes: Int32Array;
  /** Content bytes after the change. */
  readonly lengths: Int32Array;
  /** Index of the first kept child in the list below; one more entry closes the last. */
  readonly firstChild: Int32Array;
  /** 1: the received frame is copied as it is. */
  readonly verbatim: Uint8Array;
}

/** What an encoding of a part will look like; made from the kept items upwards, in time of the kept items only. */
export interface Plan {
  /** Envelopes, outermost first (the items are the part's own list). */
  readonly levels: readonly PlanLevel[];
  /** Bytes of the whole encoding. */
  readonly length: number;
}

export function planPart(part: Part): Plan {
  const { segment } = part;
  const levels: PlanLevel[] = [];
  let frames = itemFrames(part);
  let below: PlanLevel | undefined;
  for (let depth = segment.levels.length - 2; depth >= 0; depth--) {
    below = planLevel(part, depth, below, frames);
    levels.unshift(below);
    frames = envelopeFrames(segment.levels[depth]!, below);
  }
  let length = segment.bytes.length - segment.childBytes;
  for (const frame of frames) length += frame;
  return { levels, length };
}

/** Bytes of tag and length prefix of a sub-message; every field number on the way to an item is below 16. */
export function headerSize(length: number): number {
  return 1 + varintSize(length);
}

function itemFrames(part: Part): Int32Array {
  const { rows } = part.segment.items;
  const ranges = part.patches?.items;
  const frames = new Int32Array(part.count);
  for (let position = 0; position < part.count; position++) {
    const row = part.item(position) * ITEM_STRIDE;
    frames[position] = rows[row + END]! - rows[row + FRAME]!;
    if (ranges !== undefined && ranges[2 * position]! >= 0) {
      const length = ranges[2 * position + 1]! - ranges[2 * position]!;
      frames[position] = headerSize(length) + length;
    }
  }
  return frames;
}

function envelopeFrames(level: Level, plan: PlanLevel): Int32Array {
  const { rows, stride } = level;
  return plan.nodes.map((node, k) => {
    if (plan.verbatim[k] === 1) return rows[node * stride + END]! - rows[node * stride + FRAME]!;
    return headerSize(plan.lengths[k]!) + plan.lengths[k]!;
  });
}

/** Groups the kept children by their parents in `levels[depth]`. */
function planLevel(part: Part, depth: number, below: PlanLevel | undefined, frames: Int32Array): PlanLevel {
  const level = part.segment.levels[depth]!;
  const children = part.segment.levels[depth + 1]!;
  const capacity = Math.min(frames.length, level.count);
  const nodes = new Int32Array(capacity);
  const lengths = new Int32Array(capacity);
  const firstChild = new Int32Array(capacity + 1);
  const verbatim = new Uint8Array(capacity);
  const own = depth === 0 ? part.patches?.resources : depth === 1 ? part.patches?.scopes : undefined;
  let count = 0;
  for (let from = 0; from < frames.length;) {
    const node = children.rows[childNode(part, below, from) * children.stride + PARENT]!;
    const row = node * level.stride;
    let length = level.rows[row + END]! - level.rows[row + START]! - level.rows[row + CHILD_BYTES]!;
    let intact = 1;
    let to = from;
    const end = level.rows[row + level.stride + FIRST_CHILD]!;
    for (; to < frames.length; to++) {
      const child = childNode(part, below, to);
      if (child >= end) break;
      length += frames[to]!;
      intact &= below === undefined ? itemIntact(part, to) : below.verbatim[to]!;
    }
    const patch = own?.get(node);
    if (patch !== undefined) {
      length += headerSize(patch.end - patch.start) + patch.end - patch.start - level.rows[row + OWN_BYTES]!;
      intact = 0;
    }
    nodes[count] = node;
    lengths[count] = length;
    firstChild[count] = from;
    verbatim[count] = to - from === end - level.rows[row + FIRST_CHILD]! ? intact : 0;
    firstChild[++count] = to;
    from = to;
  }
  return { nodes: nodes.subarray(0, count), lengths, firstChild, verbatim };
}

function childNode(part: Part, below: PlanLevel | undefined, index: number): number {
  return below === undefined ? part.item(index) : below.nodes[index]!;
}

function itemIntact(part: Part, position: number): number {
  const ranges = part.patches?.items;
  return ranges !== undefined && ranges[2 * position]! >= 0 ? 0 : 1;
}
