import { describe, expect, it } from "vitest";
import { parseId } from "./component-id.ts";

describe("parseId", () => {
  it.each([
    ["otlp", "otlp", "otlp", ""],
    ["otlp/2", "otlp/2", "otlp", "2"],
    [" otlp / a.b-c ", "otlp/a.b-c", "otlp", "a.b-c"],
    ["otlp/a/b", "otlp/a/b", "otlp", "a/b"],
    ["otlp/中文-ñ", "otlp/中文-ñ", "otlp", "中文-ñ"],
    [`t${"x".repeat(62)}`, `t${"x".repeat(62)}`, `t${"x".repeat(62)}`, ""],
  ])("reads %j", (text, id, type, name) => {
    expect(parseId(text)).toEqual({ id, type, name });
  });

  it.each([
    ["", "id must not be empty"],
    ["  ", "id must not be empty"],
    ["x/", 'in "x/" id: the part after / should not be empty'],
    ["/x", 'in "/x" id: the part before / should not be empty'],
    ["1x", 'in "1x" id: invalid character(s) in type "1x"'],
    ["a-b", 'in "a-b" id: invalid character(s) in type "a-b"'],
    [`t${"x".repeat(63)}`, `in "t${"x".repeat(63)}" id: invalid character(s) in type "t${"x".repeat(63)}"`],
    ["x/a b", 'in "x/a b" id: invalid character(s) in name "a b"'],
    ["x/a+b", 'in "x/a+b" id: invalid character(s) in name "a+b"'],
    [`x/${"n".repeat(1025)}`, `in "${"n".repeat(20)}…" id: name "${"n".repeat(20)}…" is longer than 1024 characters (1025 characters)`],
  ])("refuses %j", (text, error) => {
    expect(parseId(text)).toEqual({ error });
  });
});
