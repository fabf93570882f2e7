import { describe, expect, it } from "vitest";
import { matchesJson, readJsonPath, type JsonPath } from "./json-path.ts";

describe("a path", () => {
  it.each([
    ["state", ["state"]],
    ["data.nodes.0.state", ["data", "nodes", "0", "state"]],
    [String.raw`a\.b.c\*d`, ["a.b", "c*d"]],
  ])("%s is %j", (text, steps) => {
    expect(readJsonPath(text)).toEqual(steps);
  });

  it.each(["", ".", "a..b", "a."])("%j has an empty key", (text) => {
    expect(readJsonPath(text)).toMatch(/^the path has an empty key; write /);
  });

  it.each(["nodes.#.name", "a|b", "*", "$[0]", "@reverse", "{a,b}"])("%s says what is not supported", (text) => {
    expect(readJsonPath(text)).toMatch(/is not supported in a path; name one value by keys and positions/);
  });
});

describe("a value", () => {
  const body = '{"state":"ok","n":1.50,"id":12345678901234567890,"on":true,"no":null,"list":[{"a":1},"x"],"__proto__":{"p":"q"}}';
  it.each([
    ["state", undefined, true],
    ["state", "ok", true],
    ["state", "Ok", false],
    ["missing", undefined, false],
    ["n", "1.5", true],
    ["id", "12345678901234567890", true],
    ["on", "true", true],
    ["no", undefined, true],
    ["no", "", true],
    ["list.1", "x", true],
    ["list.0", '{"a":1}', true],
    ["list.2", undefined, false],
    ["list.length", undefined, false],
    ["state.length", undefined, false],
    ["toString", undefined, false],
    ["__proto__.p", "q", true],
  ])("at %s equals %j: %s", (path, wanted, isSo) => {
    expect(matchesJson(body, readJsonPath(path) as JsonPath, wanted)).toBe(isSo);
  });

  it("is not there in what is not JSON", () => {
    expect(matchesJson("<html>", ["a"], undefined)).toBe(false);
  });
});
