import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeFields } from "./header-encoder.ts";
import { HeaderDecoder, type Field } from "./header-decoder.ts";
import { HuffmanDecoder } from "./huffman.ts";
import { STATIC_TABLE } from "./static-table.ts";

const huffman = new HuffmanDecoder();
const latin1 = fc.string({ unit: fc.mapToConstant({ num: 256, build: (code) => String.fromCharCode(code) }), maxLength: 300 });
const field: fc.Arbitrary<Field> = fc.oneof(fc.constantFrom(...STATIC_TABLE), fc.tuple(latin1, latin1));

it("writes fields that are read as they were, and leaves the table alone", () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
      const decoder = new HeaderDecoder(huffman, 1 << 20);
      expect(decoder.decode(encodeFields(fields))).toEqual(fields);
      expect(decoder.version).toBe(0);
    }),
  );
});

it("writes `?` for what is beyond Latin-1", () => {
  expect(new HeaderDecoder(huffman, 1000).decode(encodeFields([["a", "ü€"]]))).toEqual([["a", "ü?"]]);
});
