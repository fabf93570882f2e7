import { describe, expect, it } from "vitest";
import { seededRandom } from "@tidemark/core/testing";
import { countItems } from "./count-items.ts";
import { buildRequest, type Signal } from "./payload.ts";

describe("countItems", () => {
  it.each<Signal>(["traces", "metrics", "logs"])("counts the %s of a request, and of requests joined by concatenation", (signal) => {
    const request = buildRequest({ signal, items: 37, itemBytes: 500, random: seededRandom(1) });
    expect(countItems(request)).toBe(37);
    expect(countItems(Buffer.concat([request, request]))).toBe(74);
  });

  it("finds none in an empty request", () => {
    expect(countItems(new Uint8Array())).toBe(0);
  });
});
