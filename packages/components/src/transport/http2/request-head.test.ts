import { describe, expect, it } from "vitest";
import { StreamError } from "./frame.ts";
import type { Field } from "./header-decoder.ts";
import { checkTrailers, readRequestHead } from "./request-head.ts";

const HEAD: Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/v1/traces"],
];

describe("the head of a request", () => {
  it("joins what is repeated", () => {
    const head = readRequestHead([...HEAD, ["a", "1"], ["cookie", "b"], ["a", "2"], ["cookie", "c"], ["__proto__", "d"]]);
    expect(Object.entries(head)).toEqual([...HEAD, ["a", "1, 2"], ["cookie", "b; c"], ["__proto__", "d"]]);
  });

  it.each<[string, Field[]]>([
    ["without a method", HEAD.slice(1)],
    ["without a scheme", [HEAD[0] as Field, HEAD[2] as Field]],
    ["with an empty path", [...HEAD.slice(0, 2), [":path", ""]]],
    ["to connect", [[":method", "CONNECT"], ...HEAD.slice(1)]],
    ["with a pseudo-field twice", [...HEAD, [":path", "/"]]],
    ["with a pseudo-field that nobody knows", [...HEAD, [":status", "200"]]],
    ["with a pseudo-field behind the others", [...HEAD.slice(0, 2), ["a", "b"], HEAD[2] as Field]],
    ["with a name in upper case", [...HEAD, ["A", "b"]]],
    ["with an empty name", [...HEAD, ["", "b"]]],
    ["with a name of two words", [...HEAD, ["a b", "c"]]],
    ["with a field of the connection", [...HEAD, ["connection", "close"]]],
    ["with transfer-encoding", [...HEAD, ["transfer-encoding", "chunked"]]],
    ["with te for more than trailers", [...HEAD, ["te", "gzip"]]],
    ["with a line break", [...HEAD, ["a", "b\r\nc"]]],
    ["with NUL", [...HEAD, ["a", "b\0c"]]],
    ["with a value that begins with a space", [...HEAD, ["a", " b"]]],
    ["with a value that ends with a tab", [...HEAD, ["a", "b\t"]]],
  ])("is malformed %s", (_name, fields) => {
    expect(() => readRequestHead(fields)).toThrow(StreamError);
  });
});

describe("trailers", () => {
  it("are fields like others, without pseudo-fields", () => {
    expect(() => checkTrailers([["x-sum", "1"]])).not.toThrow();
    for (const field of [[":path", "/"] as const, ["Upper", "1"] as const, ["upgrade", "h2c"] as const, ["a", "b\n"] as const]) {
      expect(() => checkTrailers([field])).toThrow(StreamError);
    }
  });
});
