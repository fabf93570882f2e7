import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprint, labelsHash } from "./fingerprint.ts";

describe("labelsHash", () => {
  it("gives the numbers of prometheus/common model.LabelSet.Fingerprint", () => {
    expect(labelsHash({})).toBe(14695981039346656037n);
    expect(labelsHash({ name: "garland, briggs", fear: "love is not enough" })).toBe(5799056148416392346n);
  });

  it("does not depend on the order of labels", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (labels) => {
        const reversed = Object.fromEntries(Object.entries(labels).reverse());
        expect(labelsHash(reversed)).toBe(labelsHash(labels));
      }),
    );
  });

  it("keeps names and values apart", () => {
    expect(labelsHash({ ab: "c" })).not.toBe(labelsHash({ a: "bc" }));
  });
});

describe("fingerprint", () => {
  it("is 16 hex digits and tells names apart", () => {
    expect(fingerprint("latency", { service: "chat" })).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprint("latency", { service: "chat" })).not.toBe(fingerprint("errors", { service: "chat" }));
  });
});
