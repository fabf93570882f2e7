import { describe, expect, it } from "vitest";
import { jsonText, letterJson, letterText, listText, noneText } from "./letter-text.ts";

const EVIL = "a\u001b[2J\u009b31m\nb";

const letter = {
  id: "1",
  owner: EVIL,
  signal: EVIL as "traces",
  reason: EVIL as "rejected",
  message: EVIL,
  attempts: 1,
  items: 1,
  bytes: 4,
  transport: EVIL,
  receivedAt: 9e15,
  buriedAt: 0,
  replay: false,
  metadata: new Map([[EVIL, [EVIL]]]),
} as const;

describe("a letter from a file that somebody made", () => {
  it("stays in its lines and commands no terminal", () => {
    const list = listText([letter]);
    const shown = letterText({ ...letter, body: new Uint8Array(4), whole: true });
    expect(list.split("\n")).toHaveLength(3);
    expect(`${list}${shown}${noneText([letter])}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(shown).not.toMatch(/^b/m);
    expect(shown).toMatch(/received +- over a \[2J 31m b$/m);
    expect(letterJson(letter)).toMatchObject({ put_aside_at: "1970-01-01T00:00:00.000Z", received_at: null });
  });
});

describe("jsonText", () => {
  it("has no character in it that a terminal takes for a command", () => {
    const text = jsonText({ "key\u009b2J": "\u001b[31m\u007f\u0085" });
    expect(text).not.toMatch(/[\u007f-\u009f\u0000-\u0009\u000b-\u001f]/);
    expect(JSON.parse(text)).toEqual({ "key\u009b2J": "\u001b[31m\u007f\u0085" });
  });
});
