import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileLayer } from "../disk/file-layer.ts";
import { live, overlaid } from "../testing/reused-file.ts";
import { decodeEnd } from "./segment-format.ts";
import { readLog, segmentName, type FoundLog } from "./open-log.ts";
import type { SegmentMarks } from "./segment.ts";

const NUMBER = 7;
const OLD_SALT = 0xc0ffee;
const SALT = OLD_SALT + 1;
const FIRST_ID = 100;
const SECTOR = 512;

const old = live(Buffer.alloc(0), [[500, 500, 500], [800]], { salt: OLD_SALT, firstId: 1 }).states.at(-1)!;

/** A start with one file of a queue. */
function start(bytes: Buffer, marks: readonly SegmentMarks[] = []): Promise<FoundLog> {
  const files: Pick<FileLayer, "list" | "open"> = {
    list: () => Promise.resolve([segmentName(NUMBER)]),
    open: () =>
      Promise.resolve({
        size: () => Promise.resolve(bytes.length),
        read: (length, position) => Promise.resolve(Buffer.from(bytes.subarray(position, position + length))),
        close: () => Promise.resolve(),
        write: () => Promise.reject(new Error("nothing is written")),
        truncate: () => Promise.reject(new Error("nothing is cut off")),
      }),
  };
  return readLog(files as FileLayer, "/queue", marks);
}

/** A file in which some sectors of a write are. */
function tornInto(file: Buffer, { at, bytes }: { readonly at: number; readonly bytes: Buffer }, sectors: readonly boolean[]): Buffer {
  let torn = file;
  for (let from = 0, sector = 0; from < bytes.length; sector += 1) {
    const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
    if (sectors[sector % sectors.length] === true) torn = overlaid(torn, at + from, bytes.subarray(from, to));
    from = to;
  }
  return torn;
}

function marksOf(removed: number, nextId: number): SegmentMarks {
  return { number: NUMBER, salt: SALT, firstId: FIRST_ID, nextId, removed: Uint8Array.of(removed) };
}

describe("a start with a file that held another segment", () => {
  it("does not take for lost, also not the next time, what was never answered and lies in front of what can be read", async () => {
    const { states, writes } = live(old, [[40], [600, 600]], { salt: SALT, firstId: FIRST_ID });
    const { at, bytes } = writes[1]!;
    // Of the second group only the sectors of its second record have reached the disk, without the end mark.
    const second = at + 600 + 64;
    const torn = overlaid(states[1]!, second, bytes.subarray(second - at, -24));
    torn.fill(1, at, at + 24);
    const first = await start(torn);
    const [segment] = first.segments;
    expect(segment?.liveIds()).toEqual([FIRST_ID, FIRST_ID + 2]);
    expect(first.losses).toEqual([]);
    segment?.remove(FIRST_ID);
    const next = await start(torn, [segment!.marks()]);
    expect(next.losses).toEqual([]);
    expect(next.segments[0]?.liveIds()).toEqual([FIRST_ID + 2]);
  });

  it("does not send again what the file held before, when nothing can be read of what was noted of it", async () => {
    const { states } = live(old, [[40]], { salt: SALT, firstId: FIRST_ID });
    const file = Buffer.from(states.at(-1)!);
    file.fill(0, 0, 512);
    const { segments, losses } = await start(file, [marksOf(0, FIRST_ID + 1)]);
    expect(segments).toEqual([]);
    expect(losses.map(({ ids }) => ids)).toEqual([[FIRST_ID]]);
  });

  it("does not send again what the file held before, when only the end of what it held last can be read", async () => {
    const { states, ends } = live(old, [[40]], { salt: SALT, firstId: FIRST_ID });
    const file = Buffer.from(states.at(-1)!);
    file.fill(0, 0, ends[0]);
    const { segments, losses } = await start(file);
    expect(segments).toEqual([]);
    expect(losses).toHaveLength(1);
  });

  it("does not send again what the file held before, when only that can be read and others were written in the meantime", async () => {
    const { states } = live(old, [[40]], { salt: SALT, firstId: FIRST_ID });
    const file = Buffer.from(states.at(-1)!);
    file.fill(0, 0, 512);
    const between = { number: NUMBER - 1, salt: 5, firstId: 50, nextId: FIRST_ID, removed: new Uint8Array(7).fill(255) };
    const { segments, losses } = await start(file, [between]);
    expect(segments).toEqual([]);
    expect(losses).toHaveLength(1);
  });

  it("does not send again what was delivered, when header and first record are damaged", async () => {
    const { states } = live(old, [[40], [50, 60]], { salt: SALT, firstId: FIRST_ID });
    const file = Buffer.from(states.at(-1)!);
    file.fill(0, 0, 100);
    const { segments, losses } = await start(file, [marksOf(0b011, FIRST_ID + 3)]);
    expect(segments.map((segment) => segment.liveIds())).toEqual([[FIRST_ID + 2]]);
    expect(losses).toEqual([]);
  });

  it("finds all that was answered whatever was left of the last write, and tells of nothing that was not, nor at the next start", async () => {
    const groupsOf = fc.array(fc.array(fc.integer({ min: 4, max: 700 }), { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 });
    const sectorsOf = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(groupsOf, sectorsOf, fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), async (groups, sectors, leaves) => {
        const { states, writes, nextIds } = live(old, groups, { salt: SALT, firstId: FIRST_ID });
        const file = tornInto(states.at(-2)!, writes.at(-1)!, sectors);
        const answered = nextIds.at(-2)! - FIRST_ID;
        const first = await start(file);
        const segment = first.segments[0]!;
        expect(segment.liveIds().slice(0, answered)).toEqual(Array.from({ length: answered }, (_, index) => FIRST_ID + index));
        // An end without its group is told, to be sure.
        const { at, bytes } = writes.at(-1)!;
        if (decodeEnd(file, at + bytes.length - 24, SALT) === undefined) expect(first.losses).toEqual([]);
        for (const { ids } of first.losses) for (const id of ids) expect(id).toBeGreaterThanOrEqual(FIRST_ID + answered);
        for (const id of first.losses.flatMap(({ ids }) => ids)) segment.markRemoved(id);
        for (const [index, id] of segment.liveIds().entries()) if (leaves[index % leaves.length] === true) segment.remove(id);
        const next = await start(file, segment.dirty ? [segment.marks()] : []);
        expect(next.losses).toEqual([]);
        expect(next.segments.flatMap((each) => each.liveIds())).toEqual(segment.liveIds());
      }),
      { numRuns: 400 },
    );
  });
});
