import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeGrpcMessage, encodeGrpcMessage } from "./grpc-status.ts";

describe("grpc-message", () => {
  it("comes back as it was, in printable ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const encoded = encodeGrpcMessage(text);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeGrpcMessage(encoded)).toBe(text);
      }),
    );
  });

  it("is given as it came when it is badly encoded", () => {
    expect(decodeGrpcMessage("100 % sure %C3")).toBe("100 % sure %C3");
  });
});
