import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionError, FLAG } from "./frame.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { HeaderDecoder, type Field } from "./header-decoder.ts";
import { HuffmanDecoder } from "./huffman.ts";
import type { RequestHead } from "./request-head.ts";

const huffman = new HuffmanDecoder();
/** Shows every field, so that no difference hides. */
const show = (fields: readonly Field[]): RequestHead => ({ all: JSON.stringify(fields) });
const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);

const part = fc.oneof(
  fc.constantFrom(0x82, 0x84, 0x86).map((byte) => Buffer.from([byte])),
  fc.constantFrom(0xbe, 0xbf).map((byte) => Buffer.from([byte])),
  fc
    .tuple(fc.constantFrom(0x00, 0x10, 0x40), fc.constantFrom("a", "b"), fc.constantFrom("1", "2".repeat(60)))
    .map(([kind, name, value]) => Buffer.concat([Buffer.from([kind]), text(name), text(value)])),
);
/** Sizes of the table: 0, 31, 100 and 4096. */
const size = fc.constantFrom([], [0x20], [0x3f, 0x00], [0x3f, 0x45], [0x3f, 0xe1, 0x1f]).map((bytes) => Buffer.from(bytes));
const block = fc.tuple(size, fc.array(part, { maxLength: 4 })).map(([first, parts]) => Buffer.concat([first, ...parts]));

function decodeOrNot(decoder: HeaderDecoder, bytes: Buffer): Field[] | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

describe("header blocks", () => {
  it("that repeat themselves are read as if they were decoded each time", () => {
    const turn = fc.record({ which: fc.nat({ max: 2 }), trailers: fc.boolean() });
    fc.assert(
      fc.property(fc.array(block, { minLength: 3, maxLength: 3 }), fc.array(turn, { maxLength: 20 }), (blocks, turns) => {
        const cached = new HeaderBlocks(huffman, 10_000);
        const plain = new HeaderDecoder(huffman, 10_000);
        for (const [index, { which, trailers }] of turns.entries()) {
          const bytes = blocks[which] as Buffer;
          const wanted = decodeOrNot(plain, bytes);
          // The connection would be over.
          if (wanted === undefined) return;
          cached.start(FLAG.END_HEADERS, 2 * index + 1, Buffer.from(bytes));
          const seen = trailers ? show(cached.fields()) : cached.read(show);
          expect(seen).toEqual(show(wanted));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("that are the same cost no decoding, unless the table has changed", () => {
    const blocks = new HeaderBlocks(huffman, 10_000);
    let made = 0;
    const read = (bytes: number[], id: number): void => {
      blocks.start(FLAG.END_HEADERS, id, Buffer.from(bytes));
      blocks.read(() => ({ made: String((made += 1)) }));
    };
    read([0x82, 0x84], 1);
    read([0x82, 0x84], 3);
    expect(made).toBe(1);
    read([0x82, 0x40, 1, 0x61, 1, 0x62], 5);
    read([0x82, 0x84], 7);
    expect(made).toBe(3);
  });

  it("that change the size of the table are decoded each time", () => {
    const blocks = new HeaderBlocks(huffman, 10_000);
    const start = (id: number, bytes: number[]): void => void blocks.start(FLAG.END_HEADERS, id, Buffer.from(bytes));
    const small = [0x20, 0x82];
    start(1, small);
    blocks.read(show);
    // Trailers allow 4,096 bytes again, and the block from before takes them away.
    start(1, [0x3f, 0xe1, 0x1f]);
    blocks.fields();
    start(3, small);
    blocks.read(show);
    start(5, [0x40, 1, 0x61, 1, 0x62, 0xbe]);
    expect(() => blocks.read(show)).toThrow("no header field has the index 62");
  });

  it("are gathered from their frames, without padding and priority", () => {
    const blocks = new HeaderBlocks(huffman, 10_000);
    const flags = FLAG.PADDED | FLAG.PRIORITY | FLAG.END_STREAM;
    expect(blocks.start(flags, 5, Buffer.from([2, 0, 0, 0, 5, 9, 0x82, 0, 0]))).toBeUndefined();
    expect([blocks.isOpen, blocks.endsStream, blocks.isSelfDependent]).toEqual([true, true, true]);
    expect(blocks.more(0, 5, Buffer.alloc(0))).toBeUndefined();
    expect(blocks.more(FLAG.END_HEADERS, 5, Buffer.from([0x84]))).toBe(5);
    expect([blocks.isOpen, blocks.fields()]).toEqual([
      false,
      [
        [":method", "GET"],
        [":path", "/"],
      ],
    ]);
  });

  it.each([
    ["for padding without a length", FLAG.PADDED, []],
    ["for priority that is cut off", FLAG.PRIORITY, [0, 0, 0, 1]],
    ["for more padding than frame", FLAG.PADDED, [2, 0]],
  ])("break the connection %s", (_name, flags, bytes) => {
    expect(() => new HeaderBlocks(huffman, 1000).start(flags, 1, Buffer.from(bytes))).toThrow(ConnectionError);
  });

  it("have an end", () => {
    const endless = (bytes: number): (() => void) => {
      const blocks = new HeaderBlocks(huffman, 1000);
      blocks.start(0, 1, Buffer.alloc(0));
      return () => {
        for (let count = 0; count < 20; count++) blocks.more(0, 1, Buffer.alloc(bytes));
      };
    };
    expect(endless(0)).toThrow("a header block is too long");
    expect(endless(300)).toThrow("a header block is too long");
  });
});
