import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { live, overlaid, type Groups } from "../testing/reused-file.ts";
import { numberOf } from "../testing/storage-kit.ts";
import { SEGMENT_HEADER_BYTES } from "./segment-format.ts";
import { scanSegment } from "./segment-scan.ts";

const OLD_SALT = 0xc0ffee;
const SALT = OLD_SALT + 1;
const FIRST_ID = 100;

function idsOf(bytes: Buffer): number[] {
  const scan = scanSegment(bytes);
  for (const { at, header } of scan?.records ?? []) expect(numberOf({ bytes: bytes.subarray(at + header.payloadAt) })).toBe(header.id);
  return scan?.records.map(({ header }) => header.id) ?? [];
}

function idsBelow(end: number): number[] {
  return Array.from({ length: end - FIRST_ID }, (_, index) => FIRST_ID + index);
}

const groupsOf = fc.array(fc.array(fc.integer({ min: 4, max: 400 }), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
/** What the file held before, the same segment twice over. */
const before = groupsOf.map((groups) => live(Buffer.alloc(0), [...groups, ...groups], { salt: OLD_SALT, firstId: 1 }).states.at(-1)!);

describe("a segment in a file that held another one", () => {
  it("has its own records after each group, without damage", () => {
    fc.assert(
      fc.property(before, groupsOf, (old, groups) => {
        const { states, nextIds } = live(old, groups, { salt: SALT, firstId: FIRST_ID });
        for (const [group, nextId] of nextIds.entries()) {
          const state = states[group + 1] ?? old;
          const scan = scanSegment(state);
          expect(idsOf(state)).toEqual(idsBelow(nextId));
          expect(scan).toMatchObject({ salt: SALT, firstId: FIRST_ID, headerDamaged: false, damage: [], durableBelow: nextId });
        }
      }),
    );
  });

  it("keeps all earlier groups when a write of a later one ends anywhere, and has nothing else that is not torn", () => {
    fc.assert(
      fc.property(before, groupsOf, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (old, groups, share) => {
        const { states, writes, nextIds } = live(old, groups, { salt: SALT, firstId: FIRST_ID });
        for (const [group, { at, bytes }] of writes.entries()) {
          // The first is complete before the file has its name.
          if (group === 0) continue;
          const file = overlaid(states[group] ?? old, at, bytes.subarray(0, Math.floor(share * bytes.length)));
          // What is missing may be there from before.
          if (file.equals(states[group + 1] ?? old)) continue;
          const answered = idsBelow(nextIds[group - 1] ?? 0);
          expect(idsOf(file).slice(0, answered.length)).toEqual(answered);
          const scan = scanSegment(file);
          expect(scan?.durableBelow).toBeLessThanOrEqual(FIRST_ID + answered.length);
          for (const each of scan?.damage ?? []) expect(each.torn).toBe(true);
        }
      }),
    );
  });

  it("loses to one flipped bit at most the record that it is in, and tells", () => {
    const sizes: Groups = [[64, 5], [4], [300, 77]];
    const old = live(Buffer.alloc(0), [[500, 20, 30], [900]], { salt: OLD_SALT, firstId: 1 }).states.at(-1)!;
    const { states, ends, nextIds } = live(old, sizes, { salt: SALT, firstId: FIRST_ID });
    const whole = states.at(-1)!;
    const nextId = nextIds.at(-1) ?? 0;
    const all = idsBelow(nextId);
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      const at = bit >>> 3;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      const hit = at < SEGMENT_HEADER_BYTES ? -1 : ends.findIndex((end) => at < end);
      const read = idsOf(bytes);
      // Padding, the end mark and what is behind it belong to no record.
      if (read.length === all.length) {
        expect(read).toEqual(all);
        continue;
      }
      expect(read).toEqual(all.filter((_, index) => index !== hit));
      const scan = scanSegment(bytes);
      expect(scan?.damage).toHaveLength(1);
      expect(scan?.damage[0]?.torn).toBe(false);
      expect(scan?.durableBelow).toBe(nextId);
    }
  });

  it("never gives back what the file held before, whatever happens to its bytes", () => {
    const edit = fc.record({ at: fc.nat(2000), value: fc.nat(255), length: fc.integer({ min: 1, max: 200 }) });
    fc.assert(
      fc.property(before, groupsOf, fc.array(edit, { minLength: 1, maxLength: 3 }), (old, groups, edits) => {
        const file = Buffer.from(live(old, groups, { salt: SALT, firstId: FIRST_ID }).states.at(-1)!);
        // Of the header and the first record one stays whole: nothing else tells whose the rest is.
        for (const { at, value, length } of edits)
          file.fill(value, Math.min(at + 600, file.length), Math.min(at + 600 + length, file.length));
        for (const id of idsOf(file)) expect(id).toBeGreaterThanOrEqual(FIRST_ID);
      }),
      { numRuns: 500 },
    );
  });

  it("is known by its highest ids when its header and its first record are damaged", () => {
    const old = live(Buffer.alloc(0), [[40, 40, 40], [800]], { salt: OLD_SALT, firstId: 1 }).states.at(-1)!;
    const file = Buffer.from(live(old, [[40, 60], [50]], { salt: SALT, firstId: FIRST_ID }).states.at(-1)!);
    file.fill(0, 0, 100);
    expect(idsOf(file)).toEqual([FIRST_ID + 1, FIRST_ID + 2]);
  });

  it("ends where its file was cut off after a failed write", () => {
    const old = live(Buffer.alloc(0), [[40, 40, 40], [800]], { salt: OLD_SALT, firstId: 1 }).states.at(-1)!;
    const { states, ends, nextIds } = live(old, [[40, 60]], { salt: SALT, firstId: FIRST_ID });
    const file = states.at(-1)!.subarray(0, ends.at(-1));
    expect(idsOf(file)).toEqual(idsBelow(nextIds.at(-1) ?? 0));
    expect(scanSegment(file)?.damage).toEqual([]);
  });
});
