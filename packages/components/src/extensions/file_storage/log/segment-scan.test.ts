import fc from "fast-check";
import type { NewRecord } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import { numberOf, record } from "../testing/storage-kit.ts";
import { decodeAttachment, encodeSegmentHeader, pushRecord, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "./segment-format.ts";
import { scanSegment } from "./segment-scan.ts";

const SALT = 0xc0ffee;
const FIRST_ID = 7;
const SIZES = [64, 5, 4, 300, 77];

/** A segment of these records; each is a group of its own, so that all but the last are known to be durable. */
function segmentOf(records: readonly NewRecord[]): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  const buffers: Uint8Array[] = [encodeSegmentHeader({ salt: SALT, firstId: FIRST_ID, isReused: false })];
  const ends: number[] = [];
  let end = SEGMENT_HEADER_BYTES;
  for (const [index, each] of records.entries()) {
    end += pushRecord(buffers, each, { id: FIRST_ID + index, salt: SALT, durableBelow: FIRST_ID + index });
    ends.push(end);
  }
  return { bytes: Buffer.concat(buffers), ends };
}

const whole = segmentOf(SIZES.map((size, index) => record(index, size)));

const records = fc.array(
  fc.record({
    signal: fc.constantFrom("traces", "metrics", "logs"),
    items: fc.nat(2 ** 32 - 1),
    bytes: fc.uint8Array({ maxLength: 100 }),
    receivedAt: fc.double({ noNaN: true }),
    transport: fc.string(),
    metadata: fc.dictionary(fc.string(), fc.array(fc.string())).map((entries) => new Map(Object.entries(entries))),
  }),
  { maxLength: 8 },
);

describe("a segment", () => {
  it("gives back what was written", () => {
    fc.assert(
      fc.property(records, (written) => {
        const { bytes } = segmentOf(written);
        const scan = scanSegment(bytes);
        expect(scan?.damage).toEqual([]);
        const read = scan?.records.map(({ at, header: { signal, items, receivedAt, payloadAt, payloadBytes } }) => ({
          signal,
          items,
          receivedAt,
          bytes: Uint8Array.from(bytes.subarray(at + payloadAt, at + payloadAt + payloadBytes)),
          ...decodeAttachment(bytes.subarray(at + RECORD_HEADER_BYTES, at + payloadAt)),
        }));
        expect(read).toEqual(written);
      }),
    );
  });

  it("loses to one flipped bit at most the record that it is in, and tells", () => {
    for (let bit = 0; bit < whole.bytes.length * 8; bit += 1) {
      const bytes = Buffer.from(whole.bytes);
      const at = bit >>> 3;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      const scan = scanSegment(bytes);
      const hit = whole.ends.findIndex((end) => at < end);
      const expected = whole.ends.map((_, index) => FIRST_ID + index).filter((_, index) => at < SEGMENT_HEADER_BYTES || index !== hit);
      const read = scan?.records.map(({ header }) => header.id) ?? [];
      // Padding belongs to nobody.
      if (read.length === whole.ends.length) expect(expected.every((id) => read.includes(id))).toBe(true);
      else {
        expect(read).toEqual(expected);
        expect(scan?.damage).toHaveLength(1);
      }
      for (const each of scan?.records ?? []) {
        expect(numberOf({ bytes: bytes.subarray(each.at + each.header.payloadAt) }) + FIRST_ID).toBe(each.header.id);
      }
    }
  });

  it("gives all whole records of a file that ends anywhere, and calls the rest torn", () => {
    for (let length = 0; length <= whole.bytes.length; length += 1) {
      const scan = scanSegment(whole.bytes.subarray(0, length));
      const complete = whole.ends.filter((end, index) => end - paddingOf(index) <= length).length;
      expect(scan?.records.length ?? 0).toBe(complete);
      expect(scan?.damage.every(({ torn }) => torn) ?? true).toBe(true);
    }
  });

  it("is read as far as it can be, whatever happens to its bytes", () => {
    const edits = fc.array(
      fc.record({ at: fc.nat(whole.bytes.length - 1), value: fc.nat(255), length: fc.integer({ min: 1, max: 200 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(edits, fc.nat(whole.bytes.length), (changes, length) => {
        const bytes = Buffer.from(whole.bytes.subarray(0, length));
        for (const { at, value, length } of changes) bytes.fill(value, Math.min(at, bytes.length), Math.min(at + length, bytes.length));
        const scan = scanSegment(bytes);
        for (const { at, header } of scan?.records ?? []) {
          const payload = bytes.subarray(at + header.payloadAt, at + header.payloadAt + header.payloadBytes);
          const original = whole.bytes.subarray(at + header.payloadAt, at + header.payloadAt + header.payloadBytes);
          expect(payload.equals(original)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("takes no record of another segment for its own", () => {
    const other = Buffer.concat([
      encodeSegmentHeader({ salt: SALT + 1, firstId: FIRST_ID, isReused: false }),
      whole.bytes.subarray(SEGMENT_HEADER_BYTES),
    ]);
    expect(scanSegment(other)?.records).toEqual([]);
    expect(scanSegment(other)?.damage).toHaveLength(1);
  });
});

function paddingOf(index: number): number {
  const start = index === 0 ? SEGMENT_HEADER_BYTES : (whole.ends[index - 1] ?? 0);
  const attachment = Buffer.byteLength(JSON.stringify({ transport: "grpc" }));
  return (whole.ends[index] ?? 0) - start - RECORD_HEADER_BYTES - attachment - (SIZES[index] ?? 0);
}
