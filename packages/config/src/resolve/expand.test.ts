import { describe, expect, it } from "vitest";
import { loadText, withExporter } from "../testing/load.ts";

type Case = readonly [text: string, field: string, want: unknown];

const COMMENT = "true # comment with a ${env:hello.world} reference";
const inline = (text: string): string => `inline field with ${text} expansion`;
const notA = (wanted: string, got: string): { readonly error: string } => ({
  error: `expected type '${wanted}', got unconvertible type '${got}'`,
});

/** The Collector's table (confmap/internal/e2e/types_test.go). */
const CASTS: readonly Case[] = [
  ["123", "int_field", 123],
  ["123", "string_field", "123"],
  ["123", "inline_field", inline("123")],
  ["0123", "int_field", 83],
  ["0123", "string_field", "0123"],
  ["0123", "inline_field", inline("0123")],
  ["0xdeadbeef", "int_field", 3_735_928_559],
  ["0xdeadbeef", "string_field", "0xdeadbeef"],
  ["0xdeadbeef", "inline_field", inline("0xdeadbeef")],
  ['"0123"', "string_field", '"0123"'],
  ['"0123"', "inline_field", inline('"0123"')],
  ['"0123"', "int_field", notA("int", "string")],
  ["!!str 0123", "string_field", "!!str 0123"],
  ["!!str 0123", "inline_field", inline("!!str 0123")],
  ["t", "bool_field", notA("bool", "string")],
  ["23", "bool_field", notA("bool", "int")],
  ["true", "bool_field", true],
  ["true", "string_field", "true"],
  ["1e3", "string_field", "1e3"],
  ['{"field": 123}', "string_field", '{"field": 123}'],
  ['{"field": 123}', "inline_field", inline('{"field": 123}')],
  ["1111:1111:1111:1111:1111::", "string_field", "1111:1111:1111:1111:1111::"],
  ["1111:1111:1111:1111:1111::", "inline_field", inline("1111:1111:1111:1111:1111::")],
  ["2006-01-02T15:04:05Z07:00", "string_field", "2006-01-02T15:04:05Z07:00"],
  ["2023-03-20T03:17:55.432328Z", "string_field", "2023-03-20T03:17:55.432328Z"],
  ["2023-03-20T03:17:55.432328Z", "inline_field", inline("2023-03-20T03:17:55.432328Z")],
  [COMMENT, "bool_field", true],
  [COMMENT, "string_field", notA("string", "bool")],
  [COMMENT, "inline_field", { error: 'environment variable "hello.world" has invalid name' }],
  ['["a",', "string_field", '["a",'],
  ['["a",', "inline_field", inline('["a",')],
  ["[filelog,windowseventlog/application]", "list_field", ["filelog", "windowseventlog/application"]],
  ["[filelog,windowseventlog/application]", "string_field", "[filelog,windowseventlog/application]"],
  ["filelog,windowseventlog", "list_field", ["filelog", "windowseventlog"]],
  ["$$ENV", "string_field", "$ENV"],
  ["$$ENV", "inline_field", inline("$ENV")],
  ["$ENV", "string_field", "$ENV"],
  ["$${ENV}", "string_field", "${ENV}"],
  ["$${ENV}", "inline_field", inline("${ENV}")],
  ["$${env:ENV}", "string_field", "${env:ENV}"],
  ["$${env:ENV}", "inline_field", inline("${env:ENV}")],
  ["[filelog,${env:OTHER}]", "string_field", "[filelog,testreceiver]"],
  ["[filelog,${env:OTHER}]", "inline_field", inline("[filelog,testreceiver]")],
  ['["filelog","${env:OTHER}"]', "list_field", ["filelog", "testreceiver"]],
  ['["filelog","$OTHER"]', "string_field", '["filelog","$OTHER"]'],
  ['["filelog","$$OTHER"]', "list_field", ["filelog", "$OTHER"]],
  ['["filelog","$${env:OTHER}"]', "string_field", '["filelog","${env:OTHER}"]'],
  ["0123", "any_field", 83],
  ["0123", "either_field", 83],
  ["true", "either_field", "true"],
  ["{ a: 01, b: x }", "map_field", notA("string", "int")],
  ["", "string_field", ""],
  ["", "int_field", undefined],
];

async function cast(text: string, field: string, env: Readonly<Record<string, string>>): Promise<unknown> {
  const result = await loadText(withExporter(`${field}: ${text}`), { env });
  if (!result.ok) return { error: result.diagnostics.map(({ message }) => message).join("\n") };
  const config = result.config.graph.exporters[0]?.config as Record<string, unknown> | undefined;
  return config?.[field];
}

function check(got: unknown, want: unknown): void {
  const error = typeof want === "object" && want !== null && "error" in want ? String(want.error) : undefined;
  if (error === undefined) expect(got).toEqual(want);
  else expect(got).toEqual({ error: expect.stringContaining(error) });
}

describe("expansion", () => {
  it.each(CASTS)("casts %j into %s as the Collector does, directly", async (text, field, want) => {
    const reference = field === "inline_field" ? inline("${env:VALUE}") : "${env:VALUE}";
    check(await cast(reference, field, { VALUE: text, OTHER: "testreceiver" }), want);
  });

  it.each(CASTS)("casts %j into %s as the Collector does, through a second variable", async (text, field, want) => {
    const reference = field === "inline_field" ? inline("${env:FIRST}") : "${env:FIRST}";
    check(await cast(reference, field, { FIRST: "${env:VALUE}", VALUE: text, OTHER: "testreceiver" }), want);
  });

  it.each<[string, unknown]>([
    ["${VALUE}", "text"],
    ["${env:UNSET:-other}", "other"],
    ["${env:UNSET:-}", ""],
    ["${env:UNSET:-a:-b}", "a:-b"],
    ["${env:VALUE:-other}", "text"],
    ["${env:PRE_${env:NAME}}", "nested"],
    ["a ${env:VALUE} b ${env:VALUE} c", "a text b text c"],
    ["$${env:VALUE} ${env:VALUE}", "${env:VALUE} text"],
    ["$$${env:VALUE}", "$text"],
    ["${yaml:0123}", "0123"],
    ["${file:token.txt}", "secret\n"],
    ["'${env:VALUE}'", "text"],
    ["a } ${ b", "a } ${ b"],
    ["$VALUE", "$VALUE"],
    ["price $$5", "price $5"],
    ["|\n      line ${env:VALUE}\n      next", "line text\nnext\n"],
  ])("expands %j to %j in a string field", async (text, want) => {
    const result = await loadText(withExporter(`string_field: ${text}`), {
      env: { VALUE: "text", NAME: "X", PRE_X: "nested" },
      files: { "token.txt": "secret\n" },
    });
    expect(result.ok ? result.config.graph.exporters[0]?.config : result.diagnostics).toEqual({ string_field: want });
  });

  it.each([
    ["${yaml:${file:rate}e2}", "0.1", 10],
    ["${yaml:${file:rate}e2}", "0.1\n", 10],
    ["${yaml:${file:rate}e2}", "0.25\r\n", 25],
    ["${yaml:${file:rate}e2}", "1\n", 100],
    ["${yaml:${yaml:${file:rate}}e2}", " 0.1 \n\n", 10],
    ["${yaml:${file:rate}e2}", "0.1 # a tenth\n", "0.1 # a tenth\ne2"],
    ['"${file:rate}e2"', "0.1\n", "0.1\ne2"],
    ['"$${yaml:${file:rate}e2}"', "0.1\n", "${yaml:0.1\ne2}"],
    ["${yaml:[${file:rate}, ${file:rate}]}", "7\n", [7, 7]],
  ])("leaves the line break behind a word out where it stands inside of a reference: %s of %j", async (text, rate, want) => {
    const result = await loadText(withExporter(`any_field: ${text}`), { files: { rate } });
    expect(result.ok ? result.config.graph.exporters[0]?.config : result.diagnostics).toEqual({ any_field: want });
  });

  it("embeds files and YAML text as parts of the tree, and points into the file for mistakes in it", async () => {
    const files = { "part.yaml": "int_field: 7\nmap_field:\n  a: ${env:A}\n" };
    const good = await loadText(withExporter("").replace("types:\n    ", "types: ${file:part.yaml}"), { files, env: { A: "5" } });
    expect(good.ok ? good.config.graph.exporters[0]?.config : good.diagnostics).toEqual({ int_field: 7, map_field: { a: "5" } });
    const bad = await loadText(withExporter("").replace("types:\n    ", "types: ${file:part.yaml}"), {
      files: { "part.yaml": "# first\nint_feld: 7\n" },
    });
    expect(bad.ok ? [] : bad.diagnostics).toMatchObject([{ code: "CFG_UNKNOWN_FIELD", file: "part.yaml", line: 2, column: 1, length: 8 }]);
  });

  it("warns of an unset variable and gives null, at the place of the reference", async () => {
    const result = await loadText(withExporter("any_field: { a: '${env:UNSET}' }"));
    expect(result).toMatchObject({
      ok: true,
      config: {
        graph: { exporters: [{ config: { any_field: { a: null } } }] },
        warnings: [{ code: "CFG_ENV_UNSET", line: 7, column: 22, length: 12 }],
      },
    });
  });

  it.each([
    [{ A: "[${env:A}, ${env:A}]" }, "any_field: ${env:A}"],
    [{ A: "x${env:A}${env:A}" }, "string_field: ${env:A}"],
    [{ A: "{ a: ${env:B} }", B: "{ b: ${env:A} }" }, "any_field: ${env:A}"],
  ])("stops values that grow for ever: %j", async (env, body) => {
    const result = await loadText(withExporter(body), { env });
    expect(result.ok ? [] : result.diagnostics.map(({ code }) => code)).toContain("CFG_EXPANSION_LOOP");
  });

  it("does not cast what stands in the file itself", async () => {
    expect(await cast("123", "string_field", {})).toEqual({
      error: expect.stringContaining("expected type 'string', got unconvertible type 'int'"),
    });
    expect(await cast('"123"', "int_field", {})).toEqual({
      error: expect.stringContaining("expected type 'int', got unconvertible type 'string'"),
    });
    expect(await cast("!!str 123", "string_field", {})).toBe("123");
    expect(await cast("017", "int_field", {})).toBe(15);
  });
});
