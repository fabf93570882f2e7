import { WireReader } from "../wire/reader.ts";
import { DATA_FIELD, END, FIRST_CHILD, FRAME, OWN_BYTES, START, CHILD_BYTES } from "./level.ts";
import type { ArenaRange, Part } from "./part.ts";
import { headerSize } from "./plan.ts";
import type { Plan } from "./plan.ts";
import type { ByteSink } from "./sink.ts";

/** Field number of a metric in ScopeMetrics, a scope in Resource*. */
const childField = 2;
/** Field number of Resource* in a request. */
const outerField = 1;
const ownField = 1;

/** Writes the encoding of a part that is not untouched. */
export function emitPart(part: Part, plan: Plan, sink: ByteSink): void {
  new Emitter(part, plan, sink).run();
}

/*
 * A message is written as runs of its received bytes. Dropped children interrupt a run; rewritten children interrupt it and
 * put new bytes between. All bytes that are not children (fields known or unknown) belong to some run and so survive.
 */
class Emitter {
  readonly #part: Part;
  readonly #plan: Plan;
  readonly #sink: ByteSink;
  readonly #bytes: Uint8Array;
  /** The last range, which the next may continue: neighbours leave as one. */
  #from: Uint8Array;
  #start = 0;
  #end = 0;

  constructor(part: Part, plan: Plan, sink: ByteSink) {
    this.#part = part;
    this.#plan = plan;
    this.#sink = sink;
    this.#bytes = part.segment.bytes;
    this.#from = part.segment.bytes;
  }

  run(): void {
    const { segment } = this.#part;
    const kept = this.#plan.levels[0]!.nodes.length;
    const gaps = segment.bytes.length - segment.childBytes;
    this.#children(0, 0, kept, 0, segment.resources.count, 0, segment.bytes.length, gaps, false);
    this.#flush();
  }

  #range(bytes: Uint8Array, start: number, end: number): void {
    if (bytes === this.#from && start === this.#end) {
      this.#end = end;
      return;
    }
    this.#flush();
    this.#from = bytes;
    this.#start = start;
    this.#end = end;
  }

  #header(field: number, length: number): void {
    this.#flush();
    this.#sink.header(field, length);
  }

  #flush(): void {
    if (this.#end > this.#start) this.#sink.range(this.#from, this.#start, this.#end);
    this.#start = this.#end;
  }

  /**
   * Writes a message's content [start, end) with the kept children from .. to-1 of its children first .. last-1 at `depth`.
   * `gaps` counts the bytes that are not children; `withoutOwn` leaves field 1 out of them.
   */
  #children(
    depth: number,
    from: number,
    to: number,
    first: number,
    last: number,
    start: number,
    end: number,
    gaps: number,
    withoutOwn: boolean,
  ): void {
    const level = this.#part.segment.levels[depth]!;
    const { rows, stride } = level;
    const outside = last > first ? rows[first * stride + FRAME]! - start + end - rows[(last - 1) * stride + END]! : gaps;
    const dense = gaps === outside;
    let at = start;
    let next = first;
    for (let k = from; k < to; k++) {
      const node = this.#node(depth, k);
      at = this.#drop(level.rows, stride, next, node, at, dense, withoutOwn);
      next = node + 1;
      if (this.#verbatim(depth, k)) continue;
      const row = node * stride;
      this.#run(at, rows[row + FRAME]!, withoutOwn);
      this.#rewritten(depth, k, node);
      at = rows[row + END]!;
    }
    at = this.#drop(level.rows, stride, next, last, at, dense, withoutOwn);
    this.#run(at, end, withoutOwn);
  }

  /** Ends the run before the dropped rows from .. to-1, keeping what lies between them; returns where the next run starts. */
  #drop(rows: Int32Array, stride: number, from: number, to: number, at: number, dense: boolean, withoutOwn: boolean): number {
    if (from >= to) return at;
    if (dense) {
      this.#run(at, rows[from * stride + FRAME]!, withoutOwn);
      return rows[(to - 1) * stride + END]!;
    }
    let start = at;
    for (let node = from; node < to; node++) {
      this.#run(start, rows[node * stride + FRAME]!, withoutOwn);
      start = rows[node * stride + END]!;
    }
    return start;
  }

  #rewritten(depth: number, k: number, node: number): void {
    const { segment, patches } = this.#part;
    const plan = this.#plan.levels[depth];
    if (plan === undefined) {
      const start = patches!.items![2 * k]!;
      const end = patches!.items![2 * k + 1]!;
      this.#range(patches!.arena.bytes, start - headerSize(end - start), end);
      return;
    }
    const { rows, stride } = segment.levels[depth]!;
    const row = node * stride;
    this.#header(this.#field(depth, row), plan.lengths[k]!);
    const own = (depth === 0 ? patches?.resources : depth === 1 ? patches?.scopes : undefined)?.get(node);
    if (own !== undefined) this.#own(own);
    const start = rows[row + START]!;
    const end = rows[row + END]!;
    const gaps = end - start - rows[row + CHILD_BYTES]!;
    const withoutOwn = own !== undefined && rows[row + OWN_BYTES]! > 0;
    const children = depth + 1;
    this.#children(
      children,
      plan.firstChild[k]!,
      plan.firstChild[k + 1]!,
      rows[row + FIRST_CHILD]!,
      rows[row + stride + FIRST_CHILD]!,
      start,
      end,
      gaps,
      withoutOwn,
    );
  }

  #own(range: ArenaRange): void {
    this.#header(ownField, range.end - range.start);
    this.#range(this.#part.patches!.arena.bytes, range.start, range.end);
  }

  #run(start: number, end: number, withoutOwn: boolean): void {
    if (start >= end) return;
    if (!withoutOwn) {
      this.#range(this.#bytes, start, end);
      return;
    }
    const reader = new WireReader(this.#bytes, start, end);
    let from = start;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag();
      reader.skip(tag);
      if (tag >>> 3 !== ownField) continue;
      if (at > from) this.#range(this.#bytes, from, at);
      from = reader.pos;
    }
    if (end > from) this.#range(this.#bytes, from, end);
  }

  #field(depth: number, row: number): number {
    if (depth === 0) return outerField;
    if (depth < 3) return childField;
    return this.#part.segment.levels[depth]!.rows[row + DATA_FIELD]!;
  }

  #node(depth: number, k: number): number {
    const plan = this.#plan.levels[depth];
    return plan === undefined ? this.#part.item(k) : plan.nodes[k]!;
  }

  #verbatim(depth: number, k: number): boolean {
    const plan = this.#plan.levels[depth];
    if (plan !== undefined) return plan.verbatim[k] === 1;
    const ranges = this.#part.patches?.items;
    return ranges === undefined || ranges[2 * k]! < 0;
  }
}
