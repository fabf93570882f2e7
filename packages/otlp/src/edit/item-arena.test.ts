import { describe, expect, it } from "vitest";
import { AttributeProgram, openBatch } from "../index.ts";
import { traces } from "../testing/index.ts";

describe("rewritten items", () => {
  it("have the right header when their length comes to need more or fewer bytes than before", () => {
    for (let size = 80; size < 140; size += 1) {
      const before = traces({ spans: [{ attributes: { a: "x".repeat(size) } }, { attributes: { a: "y".repeat(16_200 + size) } }] });
      const longer = before.edit({
        item: ({ attributes }) => attributes.apply(new AttributeProgram([{ action: "insert", key: "b", value: "z".repeat(60) }])),
      });
      const shorter = longer.edit({ item: ({ attributes }) => attributes.apply(new AttributeProgram([{ action: "delete", key: "b" }])) });
      expect(openBatch("traces", longer.encode()).itemCount).toBe(2);
      expect(shorter.encode()).toEqual(before.encode());
      expect(Buffer.concat(shorter.encodeChunks())).toEqual(Buffer.from(shorter.encode()));
    }
  });

  it("that lie side by side leave as one chunk", () => {
    const program = new AttributeProgram([{ action: "upsert", key: "b", value: 1 }]);
    const batch = traces({ spans: Array.from({ length: 50 }, () => ({ attributes: { a: "x".repeat(400) } })) }).edit({
      item: ({ attributes }) => attributes.apply(program),
    });
    expect(batch.encodeChunks().length).toBeLessThanOrEqual(2);
  });
});
