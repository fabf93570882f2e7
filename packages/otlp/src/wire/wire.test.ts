import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireReader } from "./reader.ts";
import { contentStart, fieldEnd, tagAt } from "./scan.ts";
import { decodeUtf8, findInvalidUtf8 } from "./utf8.ts";
import { WireError } from "./wire-error.ts";
import { varintSize, WireWriter } from "./writer.ts";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int32 = fc.integer();
const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });

/** What `read` gives for the bytes that `write` makes; all of them must be read. */
function through<T>(write: (writer: WireWriter) => void, read: (reader: WireReader) => T): T {
  const writer = new WireWriter(1);
  write(writer);
  const reader = new WireReader(writer.finish());
  const value = read(reader);
  expect(reader.pos).toBe(reader.end);
  return value;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return `${error.code} ${error.offset}`;
    throw error;
  }
  return "none";
}

const reader = (...bytes: number[]): WireReader => new WireReader(Uint8Array.from(bytes));

describe("reader and writer", () => {
  it("give back what was written", () => {
    fc.assert(
      fc.property(
        field,
        int64,
        uint64,
        int32,
        fc.double(),
        fc.string({ unit: "grapheme", maxLength: 300 }),
        (number, signed, unsigned, small, real, text) => {
          const skipTag =
            <T>(read: (from: WireReader) => T) =>
            (from: WireReader) => {
              expect(from.tag() >>> 3).toBe(number);
              return read(from);
            };
          expect(
            through(
              (w) => w.int64Field(number, signed),
              skipTag((r) => r.int64()),
            ),
          ).toBe(signed);
          expect(
            through(
              (w) => w.int64Field(number, unsigned),
              skipTag((r) => r.uint64()),
            ),
          ).toBe(unsigned);
          expect(
            BigInt(
              through(
                (w) => w.int64Field(number, signed),
                skipTag((r) => r.int64Number()),
              ),
            ),
          ).toBe(signed);
          expect(
            BigInt(
              through(
                (w) => w.int64Field(number, unsigned),
                skipTag((r) => r.uint64Number()),
              ),
            ),
          ).toBe(unsigned);
          expect(
            through(
              (w) => w.fixed64Field(number, signed),
              skipTag((r) => r.sfixed64()),
            ),
          ).toBe(signed);
          expect(
            through(
              (w) => w.fixed64Field(number, unsigned),
              skipTag((r) => r.fixed64()),
            ),
          ).toBe(unsigned);
          expect(
            through(
              (w) => w.int32Field(number, small),
              skipTag((r) => r.int32()),
            ),
          ).toBe(small);
          expect(
            through(
              (w) => w.sint32Field(number, small),
              skipTag((r) => r.sint32()),
            ),
          ).toBe(small);
          expect(
            through(
              (w) => w.uint32Field(number, small),
              skipTag((r) => r.uint32()),
            ),
          ).toBe(small >>> 0);
          expect(
            through(
              (w) => w.fixed32Field(number, small),
              skipTag((r) => r.fixed32()),
            ),
          ).toBe(small >>> 0);
          expect(
            through(
              (w) => w.doubleField(number, real),
              skipTag((r) => r.double()),
            ),
          ).toBe(real);
          expect(
            through(
              (w) => w.stringField(number, text),
              skipTag((r) => r.string()),
            ),
          ).toBe(text);
        },
      ),
    );
  });

  it("nests messages of any size", () => {
    for (const size of [0, 1, 127, 128, 16_383, 16_384, 100_000]) {
      const bytes = new Uint8Array(size).fill(7);
      const content = through(
        (writer) => writer.message(3, (inner) => inner.message(4, (deep) => deep.raw(bytes))),
        (from) => {
          from.tag();
          const outer = from.length();
          from.tag();
          expect(from.length() + 1 + varintSize(size)).toBe(outer);
          const rest = from.bytes.subarray(from.pos);
          from.pos = from.end;
          return rest;
        },
      );
      expect(content).toEqual(bytes);
    }
  });

  it("keep safe integers as numbers and the others exact", () => {
    const read = (value: bigint): number | bigint =>
      through(
        (w) => w.varint64(value),
        (r) => r.int64Number(),
      );
    expect(read(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
    expect(read(2n ** 53n)).toBe(2n ** 53n);
    expect(read(-(2n ** 53n) + 1n)).toBe(-(2 ** 53) + 1);
    expect(read(-(2n ** 53n))).toBe(-(2n ** 53n));
  });
});

describe("reader", () => {
  it("never reads past its end", () => {
    expect(codeOf(() => reader(0x80, 0x80).varint())).toBe("truncated 0");
    expect(codeOf(() => reader().tag())).toBe("truncated 0");
    expect(codeOf(() => reader(1, 2, 3).fixed32())).toBe("truncated 0");
    expect(codeOf(() => reader(1, 2, 3, 4, 5, 6, 7).double())).toBe("truncated 0");
    expect(codeOf(() => reader(1, 2, 3, 4, 5, 6, 7).fixed64())).toBe("truncated 0");
    expect(codeOf(() => reader(3, 1, 2).bytesField())).toBe("length 0");
    const inner = new WireReader(Uint8Array.of(2, 65, 66), 0, 2);
    expect(codeOf(() => inner.string())).toBe("length 0");
  });

  it("takes varints of up to ten bytes and 64 bits", () => {
    const ones = Array.from({ length: 9 }, () => 0xff);
    expect(reader(...ones, 0x01).uint64()).toBe(2n ** 64n - 1n);
    expect(codeOf(() => reader(...ones, 0x02).varint())).toBe("varint 0");
    expect(codeOf(() => reader(...ones, 0x81, 0x00).varint())).toBe("varint 0");
    expect(reader(0x80, 0x80, 0x00).uint32()).toBe(0);
    expect(codeOf(() => reader(...ones, 0x01).length())).toBe("length 0");
  });

  it("refuses tags that cannot be", () => {
    expect(codeOf(() => reader(0x00).tag())).toBe("tag 0");
    expect(codeOf(() => reader(0x07).tag())).toBe("tag 0");
    expect(codeOf(() => reader(0x0e).tag())).toBe("tag 0");
    expect(codeOf(() => reader(0x0b).tag())).toBe("wire_type 0");
    expect(codeOf(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).tag())).toBe("tag 0");
    expect(reader(0x8a, 0x80, 0x00).tag()).toBe(0x0a);
  });
});

describe("scan of fields", () => {
  it("ends each field where the reader does, and fails where it fails", () => {
    const noisy = fc.uint8Array({ maxLength: 24 });
    const tagged = fc
      .tuple(fc.constantFrom(0x08, 0x09, 0x0a, 0x0d, 0x85, 0x82, 0x80, 0x7b, 0x00), noisy)
      .map(([tag, rest]) => Uint8Array.of(tag, ...rest));
    fc.assert(
      fc.property(
        fc.oneof(
          tagged,
          noisy.filter((bytes) => bytes.length > 0),
        ),
        fc.nat({ max: 3 }),
        (bytes, cut) => {
          const end = Math.max(1, bytes.length - cut);
          let tag = 0;
          const slow = new WireReader(bytes, 0, end);
          const outcome = codeOf(() => {
            tag = slow.tag();
            slow.skip(tag);
          });
          let position = 0;
          expect(codeOf(() => (position = fieldEnd(bytes, 0, end, new WireReader(bytes))))).toBe(outcome);
          if (outcome !== "none") return;
          expect(position).toBe(slow.pos);
          expect(tagAt(bytes, 0)).toBe(tag);
          if ((tag & 7) !== 2) return;
          const content = new WireReader(bytes, 0, end);
          content.tag();
          content.length();
          expect(contentStart(bytes, 0)).toBe(content.pos);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("UTF-8", () => {
  it("is accepted exactly when the platform's decoder accepts it", () => {
    const near = fc.uint8Array({ min: 0x7e, maxLength: 8 });
    const broken = fc
      .tuple(fc.string({ unit: "binary" }), near)
      .map(([text, bytes]) => Uint8Array.of(...new TextEncoder().encode(text), ...bytes));
    fc.assert(
      fc.property(fc.oneof(near, broken, fc.uint8Array()), (bytes) => {
        let expected: string | undefined;
        try {
          expected = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        } catch {
          expected = undefined;
        }
        expect(findInvalidUtf8(bytes, 0, bytes.length) < 0).toBe(expected !== undefined);
        if (expected === undefined)
          expect(codeOf(() => decodeUtf8(bytes, 0, bytes.length))).toBe(`utf8 ${findInvalidUtf8(bytes, 0, bytes.length)}`);
        else expect(decodeUtf8(bytes, 0, bytes.length)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it("names the first bad byte and keeps a byte order mark", () => {
    expect(codeOf(() => decodeUtf8(Uint8Array.of(0x61, 0xe2, 0x82, 0x61), 0, 4, "spans.name"))).toBe("utf8 1");
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 0, 4)).toBe("\ufeffa");
    expect(() => decodeUtf8(Uint8Array.of(0xff), 0, 1, "spans.name")).toThrow(
      "utf8 at byte 0 in spans.name: the string is not UTF-8; send it as UTF-8 or as bytes",
    );
  });
});
