import { describe, expect, it } from "vitest";
import { jsonText } from "./letter-text.ts";

describe("jsonText", () => {
  it("has no character in it that a terminal takes for a command", () => {
    const text = jsonText({ "key\u009b2J": "\u001b[31m\u007f\u0085" });
    expect(text).not.toMatch(/[\u007f-\u009f\u0000-\u0009\u000b-\u001f]/);
    expect(JSON.parse(text)).toEqual({ "key\u009b2J": "\u001b[31m\u007f\u0085" });
  });
});
