import { describe, expect, it } from "vitest";
import { parseBaggage } from "./baggage.ts";

/** Parser vectors of the W3C baggage test suite (test/test_baggage.py), with the same blanks and tabs. */
const one = (key: string, value: string, ...properties: [string, string?][]) => ({
  key,
  value,
  properties: properties.map(([name, text]) => ({ key: name, value: text })),
});
const SPECIAL = "\t \"';=asdf!@#$%^&*()";
const ENCODED = "%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29";

describe("parseBaggage", () => {
  it.each([
    ["", []],
    ["SomeKey=SomeValue", [one("SomeKey", "SomeValue")]],
    [
      "SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal",
      [one("SomeKey", "SomeValue", ["SomeProp"]), one("SomeKey2", "SomeValue2", ["ValueProp", "PropVal"])],
    ],
    [
      "SomeKey \t = \t SomeValue \t ; \t SomeProp \t , \t SomeKey2 \t = \t SomeValue2 \t ; \t ValueProp \t = \t PropVal",
      [one("SomeKey", "SomeValue", ["SomeProp"]), one("SomeKey2", "SomeValue2", ["ValueProp", "PropVal"])],
    ],
    [
      "SomeKey=SomeValue;SomePropKey=SomePropValue,SomeKey2=SomeValue2;SomePropKey2=SomePropValue2",
      [one("SomeKey", "SomeValue", ["SomePropKey", "SomePropValue"]), one("SomeKey2", "SomeValue2", ["SomePropKey2", "SomePropValue2"])],
    ],
    ["SomeKey=SomeValue=equals", [one("SomeKey", "SomeValue=equals")]],
    [`SomeKey=${ENCODED}`, [one("SomeKey", SPECIAL)]],
    [`SomeKey \t = \t ${ENCODED} \t `, [one("SomeKey", SPECIAL)]],
    ["SomeKey=SomeValue;SomeProp;SecondProp=PropValue", [one("SomeKey", "SomeValue", ["SomeProp"], ["SecondProp", "PropValue"])]],
    [
      "SomeKey \t = \t SomeValue \t ; \t SomeProp \t ; \t SecondProp \t = \t PropValue",
      [one("SomeKey", "SomeValue", ["SomeProp"], ["SecondProp", "PropValue"])],
    ],
  ])("reads %j", (header, expected) => {
    expect(parseBaggage([header])).toEqual(expected);
  });

  it("decodes values and property values, not keys", () => {
    expect(parseBaggage(["a%20b=%E7%BE%A4;p%20q=%31;%41"])).toEqual([one("a%20b", "群", ["p%20q", "1"], ["%41"])]);
  });

  it("replaces what is no UTF-8, and keeps a lone per cent sign", () => {
    expect(parseBaggage(["k=%C3%28,l=50%,m=%zz"])).toEqual([one("k", "\ufffd("), one("l", "50%"), one("m", "%zz")]);
  });

  it("joins several headers in order and keeps duplicates", () => {
    expect(parseBaggage(["a=1,b=2", "a=3"]).map(({ key, value }) => `${key}${value}`)).toEqual(["a1", "b2", "a3"]);
  });

  it("leaves out malformed members only", () => {
    expect(parseBaggage(["novalue,=x,bad key=1,(=2,good=3,ctl=\u0001,群=1"])).toEqual([one("good", "3")]);
  });

  it("reads long runs of blanks in linear time", () => {
    const member = `a=b${" ".repeat(8000)}c`;
    const before = performance.now();
    for (let i = 0; i < 100; i++) expect(parseBaggage([member])).toHaveLength(1);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it("carries 64 members and 8192 bytes, and no half member", () => {
    const members = Array.from({ length: 70 }, (_, i) => `key${i}=value`);
    expect(parseBaggage([members.join(",")])).toHaveLength(64);
    const longest = `a=${"0123456789".repeat(819)}`;
    expect(parseBaggage([longest])).toHaveLength(1);
    expect(parseBaggage([`${longest}x`])).toHaveLength(0);
    expect(parseBaggage([`b=1,${longest},c=2`]).map(({ key }) => key)).toEqual(["b", "c"]);
  });
});
