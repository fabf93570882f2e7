import type { DeliveryContext } from "@tidemark/core";
import { double, openBatch } from "@tidemark/otlp";
import type { AttributeValue, DoubleValue } from "@tidemark/otlp";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { actionField } from "./action-fields.ts";
import { AttributeActions } from "./attribute-actions.ts";

const CONTEXT: DeliveryContext = {
  receivedAt: 0,
  transport: "http",
  metadata: new Map([
    ["x-tenant", ["a", "b"]],
    ["empty", []],
  ]),
  auth: new Map([["username", "ann"]]),
  clientAddress: "10.0.0.1",
};

type Values = Readonly<Record<string, AttributeValue | DoubleValue>>;

/** The attributes of a span after the actions, and what `kind` says of each. */
function run(before: Values, actions: readonly Readonly<Record<string, unknown>>[], context = CONTEXT) {
  const compiled = new AttributeActions(actions.map((action) => actionField.parse(action)));
  const kinds: Record<string, string | undefined> = {};
  const batch = traces({ spans: [{}] })
    .edit({
      item: ({ attributes }) => {
        for (const [key, value] of Object.entries(before)) attributes.set(key, value);
      },
    })
    .edit({
      item: ({ attributes }) => {
        compiled.forRequest(context)(attributes);
        for (const [key] of attributes.entries()) kinds[key] = attributes.kind(key);
      },
    });
  const items = openBatch("traces", batch.encode()).items();
  items.next();
  return { values: items.attributes.toObject(), kinds };
}

const write = { insert: { a: 1, new: 0 }, update: { a: 0 }, upsert: { a: 0, new: 0 } };

describe("insert, update and upsert", () => {
  it.each(Object.entries(write))("%s", (action, expected) => {
    const actions = ["a", "new"].map((key) => ({ key, value: 0, action }));
    expect(run({ a: 1 }, actions).values).toEqual(expected);
  });

  it.each(Object.entries(write))("%s from an attribute keep its type, and do nothing without it", (action, expected) => {
    const actions = ["a", "new", "other"].map((key) => ({ key, from_attribute: key === "other" ? "absent" : "from", action }));
    const { values, kinds } = run({ a: 1, from: double(0) }, actions);
    expect(values).toEqual({ ...expected, from: 0 });
    expect(kinds["a"]).toBe(action === "insert" ? "int" : "double");
  });

  it.each([
    ["metadata.x-tenant", "a;b"],
    ["metadata.X-Tenant", "a;b"],
    ["x-tenant", "a;b"],
    ["auth.username", "ann"],
    ["client.address", "10.0.0.1"],
    ["metadata.empty", undefined],
    ["metadata.absent", undefined],
    ["auth.absent", undefined],
  ])("from the context: %s is %s", (from_context, expected) => {
    const values = run({}, [{ key: "a", from_context, action: "upsert" }]).values;
    expect(values).toEqual(expected === undefined ? {} : { a: expected });
  });

  it("from a request that says nothing do nothing", () => {
    const actions = ["metadata.x", "auth.x", "client.address"].map((from_context) => ({ key: "a", from_context, action: "upsert" }));
    expect(run({ b: 1 }, actions, { receivedAt: 0, transport: "grpc" }).values).toEqual({ b: 1 });
  });

  it.each([["text"], [2], [2.5], [true], [""], [["a", 1]]])("write the value %o", (value) => {
    expect(run({}, [{ key: "a", value, action: "INSERT" }]).values).toEqual({ a: value });
  });
});

describe("delete and hash", () => {
  const before = { "http.url": "u", "http.method": "", other: 1 };

  it("take a key, a pattern, or both", () => {
    expect(run(before, [{ key: "other", action: "delete" }]).values).toEqual({ "http.url": "u", "http.method": "" });
    expect(run(before, [{ pattern: "^http\\.", action: "delete" }]).values).toEqual({ other: 1 });
    expect(run(before, [{ key: "other", pattern: "url", action: "delete" }]).values).toEqual({ "http.method": "" });
    expect(Object.keys(run(before, [{ key: "absent", pattern: "absent", action: "hash" }]).values)).toHaveLength(3);
  });

  it("hash with SHA-1, each type by its bytes", () => {
    const values = { text: "pass word", yes: true, int: 1, float: double(1), list: [1], "": "" };
    expect(run(values, [{ pattern: ".*", action: "hash" }]).values).toEqual({
      text: "da882eab5e403421ac24258a5f7d5f965c29c849",
      yes: "bf8b4530d8d246dd74ac53a13471bba17941dff7",
      int: "3da89ee273be13437e7ecf760f3fbd4dc0e8d1fe",
      float: "3eafb06982d26cb8d0847b681f31c9055684eee2",
      list: "",
      "": "",
    });
  });
});

describe("extract", () => {
  it("writes the named groups over what is there", () => {
    const action = { key: "url", pattern: "^(?P<scheme>\\w+)://(?P<host>[^/]+)(?P<path>/.*)?$", action: "extract" };
    expect(run({ url: "https://h:1", host: "old" }, [action]).values).toEqual({
      url: "https://h:1",
      scheme: "https",
      host: "h:1",
      path: "",
    });
    expect(run({ url: "none" }, [action]).values).toEqual({ url: "none" });
    expect(run({ url: 1 }, [{ ...action, pattern: "(?P<x>.*)" }]).values).toEqual({ url: 1 });
    expect(run({}, [{ ...action, pattern: "(?P<x>.*)" }]).values).toEqual({});
  });
});

describe("convert", () => {
  it.each<[AttributeValue | DoubleValue, string, AttributeValue, string]>([
    ["12", "int", 12, "int"],
    ["-9223372036854775808", "int", -(2n ** 63n), "int"],
    ["9223372036854775808", "int", "9223372036854775808", "string"],
    ["1.5", "int", "1.5", "string"],
    [2.9, "int", 2, "int"],
    [-2.9, "int", -2, "int"],
    [double(3), "int", 3, "int"],
    [1e300, "int", 1e300, "double"],
    [true, "int", 1, "int"],
    [[1], "int", [1], "array"],
    ["1e3", "double", 1000, "double"],
    ["-Inf", "double", Number.NEGATIVE_INFINITY, "double"],
    ["x", "double", "x", "string"],
    ["", "double", "", "string"],
    [3, "double", 3, "double"],
    [false, "double", 0, "double"],
    [3, "string", "3", "string"],
    [double(2.5), "string", "2.5", "string"],
    [true, "string", "true", "string"],
    [["a", 1], "string", '["a",1]', "string"],
    [new Uint8Array([1, 2]), "string", "AQI=", "string"],
    ["kept", "string", "kept", "string"],
  ])("%o to %s: %o", (value, converted_type, expected, kind) => {
    const { values, kinds } = run({ a: value }, [{ key: "a", action: "convert", converted_type }]);
    expect([values["a"], kinds["a"]]).toEqual([expected, kind]);
  });
});

it("actions see what those before them did", () => {
  const actions = [
    { key: "a", value: "1", action: "insert" },
    { key: "b", from_attribute: "a", action: "insert" },
    { key: "b", action: "convert", converted_type: "int" },
    { key: "a", action: "delete" },
    { key: "c", from_context: "client.address", action: "upsert" },
  ];
  expect(run({}, actions).values).toEqual({ b: 1, c: "10.0.0.1" });
});

describe("options", () => {
  it.each([
    [{ key: "a", action: "insert" }, "the action insert needs value, from_attribute or from_context; add one of them"],
    [
      { key: "a", value: 1, from_context: "x", action: "upsert" },
      "the action upsert has several sources of its value; take all but one out",
    ],
    [{ value: 1, action: "update" }, "the action update needs a key; add key: with the name of an attribute"],
    [{ action: "delete" }, "the action delete needs a key or a pattern; add key: with the name of an attribute"],
    [{ key: "a", value: "", action: "hash" }, "the action hash does not use value; take it out"],
    [{ key: "a", value: 1, pattern: "x", action: "insert" }, "the action insert does not use pattern; take it out"],
    [{ key: "a", action: "extract" }, "the action extract needs a pattern; add pattern: with named groups, such as ^(?P<host>[^/]+)"],
    [{ key: "a", pattern: "x", action: "extract" }, "the pattern has no named groups; write (?P<name>…) around what to extract"],
    [
      { key: "a", pattern: "(x)(?P<y>y)", action: "extract" },
      "the pattern has a group without a name; write (?P<name>…), or (?:…) for a group that extracts nothing",
    ],
    [{ key: "a", action: "convert" }, "the action convert needs converted_type; add converted_type: int, double or string"],
  ])("%o: %s", (options, message) => {
    expect(actionField.safeParse(options).error?.issues.map((issue) => issue.message)).toContain(message);
  });

  it("tell a broken pattern", () => {
    expect(actionField.safeParse({ pattern: "(", action: "delete" }).error?.issues[0]?.message).toMatch(
      /^missing closing \): `\(`; close the group/,
    );
  });
});
