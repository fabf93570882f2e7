import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Signal } from "../index.ts";
import { batchFromJson, batchFromObject, openBatch } from "../index.ts";
import { arbitraryData } from "../testdata/arbitraries.ts";
import type { Data } from "../testdata/reference.ts";
import { referenceDecode, referenceEncode, ROOT_TYPES } from "../testdata/reference.ts";

const signals: readonly Signal[] = ["traces", "metrics", "logs"];

describe.each(signals)("a %s batch of arbitrary data", (signal) => {
  const root = ROOT_TYPES[signal];

  it("opens what the reference writes and gives the same bytes, object and JSON back", () => {
    fc.assert(
      fc.property(arbitraryData(signal), (data) => {
        const bytes = referenceEncode(root, data as Data);
        const expected = referenceDecode(root, bytes);
        const batch = openBatch(signal, bytes);
        expect(batch.encode()).toEqual(bytes);
        expect(batch.toObject()).toEqual(expected);
        expect(referenceDecode(root, batchFromJson(signal, batch.toJson()).encode())).toEqual(expected);
        expect(referenceDecode(root, batchFromObject(signal, batch.toObject()).encode())).toEqual(expected);
      }),
      { numRuns: 80 },
    );
  });
});
