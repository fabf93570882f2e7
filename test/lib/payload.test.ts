import { describe, expect, it } from "vitest";
import { seededRandom } from "@tidemark/core/testing";
import { buildRequest, idOffsets, ITEM_ID, readId, writeId } from "./payload.ts";
import { length } from "./protobuf.ts";

describe("idOffsets", () => {
  it("finds the id of every item", () => {
    const request = buildRequest({ signal: "logs", items: 3, random: seededRandom(1) });
    for (const [index, offset] of idOffsets(request).entries()) writeId(request, offset, 7, index);
    expect(idOffsets(request).map((offset) => readId(request, offset))).toEqual([0, 1, 2].map((sequence) => ({ sender: 7, sequence })));
  });

  it("finds an id that stands before its key", () => {
    const attribute = [length(2, [length(1, "0000000a-0000000b")]), length(1, ITEM_ID)];
    const request = Buffer.from(length(9, attribute));
    expect(idOffsets(request).map((offset) => readId(request, offset))).toEqual([{ sender: 10, sequence: 11 }]);
  });
});
