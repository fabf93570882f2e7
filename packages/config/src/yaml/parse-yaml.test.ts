import { describe, expect, it } from "vitest";
import type { Finding } from "../diagnostics/diagnostic.ts";
import { type ConfigNode, plainValue } from "./config-node.ts";
import { parseYaml } from "./parse-yaml.ts";
import { resolvePlain } from "./resolve-scalar.ts";
import { positionOf } from "./source-text.ts";

function parse(text: string): { readonly node: ConfigNode; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const { node } = parseYaml({ name: "test", text, order: 0 }, (finding) => findings.push(finding));
  return { node, findings };
}

describe("plain scalars", () => {
  it.each<[string, unknown]>([
    ["0", 0],
    ["123", 123],
    ["-7", -7],
    ["+7", 7],
    ["0123", 83],
    ["0o17", 15],
    ["0xdeadbeef", 3_735_928_559],
    ["-0x10", -16],
    ["0b101", 5],
    ["1_000", 1000],
    ["08", 8],
    ["1.5", 1.5],
    [".5", 0.5],
    ["1e3", 1000],
    ["1.", 1],
    [".inf", Infinity],
    ["-.INF", -Infinity],
    ["true", true],
    ["False", false],
    ["yes", "yes"],
    ["on", "on"],
    ["~", null],
    ["Null", null],
    ["", null],
    ["2023-03-20", "2023-03-20"],
    ["2023-03-20T03:17:55.432328Z", "2023-03-20T03:17:55.432328Z"],
    ["12:30:45", "12:30:45"],
    ["1.2.3", "1.2.3"],
    ["0x", "0x"],
    ["_1", "_1"],
    ["-", "-"],
    ["10s", "10s"],
  ])("reads %j as %j", (text, want) => {
    expect(resolvePlain(text)).toBe(want);
  });

  it("reads .nan", () => {
    expect(resolvePlain(".NaN")).toBeNaN();
  });
});

describe("parseYaml", () => {
  it("resolves anchors, aliases and merge keys", () => {
    const { node, findings } = parse("base: &b { a: 1, b: 2 }\none: { <<: *b, b: 3 }\ntwo: { <<: [*b, { a: 9, c: 4 }] }\nlist: [*b]\n");
    expect(findings).toEqual([]);
    expect(plainValue(node)).toEqual({ base: { a: 1, b: 2 }, one: { a: 1, b: 3 }, two: { a: 1, b: 2, c: 4 }, list: [{ a: 1, b: 2 }] });
  });

  it("honours core tags and leaves other tags alone", () => {
    expect(plainValue(parse('a: !!str 0123\nb: !!int 0123\nc: !mine x\nd: "5"\ne: ! 5').node)).toEqual({
      a: "0123",
      b: 83,
      c: "x",
      d: "5",
      e: "5",
    });
    expect(parse("a: !!int many").findings).toMatchObject([{ code: "CFG_YAML_SYNTAX", message: 'not valid YAML: "many" is not a !!int' }]);
  });

  it("tells about a mistake, not about what follows from it", () => {
    const { findings } = parse('a: {b: ${X}}\nc:\n  d: { e: 1 }\nf: "g"\n');
    expect(findings).toMatchObject([{ code: "CFG_YAML_SYNTAX", site: { start: 8 } }]);
  });

  it("tells about mistakes on several lines", () => {
    const { findings } = parse("a: b: c\nd: e: f\n");
    expect(findings.map(({ site }) => positionOf(site.source.text, site.start).line)).toEqual([1, 2]);
  });

  it("refuses an alias inside its own anchor", () => {
    expect(parse("a: &a [1, *a]").findings).toMatchObject([{ code: "CFG_YAML_SYNTAX", site: { start: 10, end: 12 } }]);
  });

  it("knows the place of every key and value, with Windows line ends and a byte order mark too", () => {
    const text = "\ufeffa:\r\n  b: [x, yy]\r\n";
    const { node } = parse(text);
    const inner = node.kind === "map" ? node.entries.get("a")?.value : undefined;
    const entry = inner?.kind === "map" ? inner.entries.get("b") : undefined;
    const second = entry?.value.kind === "list" ? entry.value.items[1] : undefined;
    expect(entry && text.slice(entry.keySite.start, entry.keySite.end)).toBe("b");
    expect(second && text.slice(second.site.start, second.site.end)).toBe("yy");
    expect(positionOf(text, second?.site.start ?? 0)).toEqual({ line: 2, column: 10 });
  });

  it("keeps keys that JavaScript treats in its own way", () => {
    const value = plainValue(parse("__proto__: { a: 1 }\nconstructor: 2").node) as Readonly<Record<string, unknown>>;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
