import { describe, expect, it } from "vitest";
import { loadText, withExporter } from "../testing/load.ts";

const BASE = withExporter("int_field: 1\nstring_field: base\nlist_field: [1, 2]\nmap_field: { a: x, b: y }");

async function exporterOf(settings: Parameters<typeof loadText>[1]): Promise<unknown> {
  const result = await loadText(BASE, settings);
  return result.ok
    ? result.config.graph.exporters[0]?.config
    : result.diagnostics.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
}

async function over(text: string): Promise<unknown> {
  return exporterOf({ uris: ["config.yaml", "file:over.yaml"], files: { "over.yaml": text } });
}

describe("several sources", () => {
  it("merges mappings, replaces lists, and lets the last scalar win", async () => {
    expect(await over("exporters: { types: { string_field: over, list_field: [3], map_field: { b: z, c: w } } }")).toEqual({
      int_field: 1,
      string_field: "over",
      list_field: [3],
      map_field: { a: "x", b: "z", c: "w" },
    });
  });

  it("lets an explicit null win, but not an empty mapping", async () => {
    expect(await over("exporters: { types: { string_field: , map_field: {} } }")).toEqual({
      int_field: 1,
      list_field: [1, 2],
      map_field: { a: "x", b: "y" },
    });
    expect(await over("exporters:")).toEqual(["config.yaml:15:19 CFG_UNDEFINED_REFERENCE", "over.yaml:1:1 CFG_NO_EXPORTER"]);
  });

  it("takes :: between keys at the top of a source", async () => {
    expect(await exporterOf({ uris: ["config.yaml", "yaml:exporters::types::int_field: 5"] })).toMatchObject({
      int_field: 5,
      string_field: "base",
    });
    expect(await over("exporters::types: { int_field: 6 }\nexporters::types::string_field: z\n")).toMatchObject({
      int_field: 6,
      string_field: "z",
    });
  });

  it("reads env: and yaml: sources", async () => {
    expect(await exporterOf({ uris: ["config.yaml", "env:OVER"], env: { OVER: "exporters: { types: { int_field: 9 } }" } })).toMatchObject({
      int_field: 9,
    });
    expect(await exporterOf({ uris: ["config.yaml", "env:OVER"] })).toEqual(["env:OVER:1:1 CFG_READ_FAILED"]);
  });

  it("applies --set after all files, typed like YAML", async () => {
    const uris = ["config.yaml", "yaml:exporters::types::int_field: 5"];
    expect(await exporterOf({ uris, sets: ["exporters.types.int_field=7", "exporters.types.map_field.c=a=b"] })).toMatchObject({
      int_field: 7,
      map_field: { a: "x", c: "a=b" },
    });
    expect(
      await exporterOf({ sets: ["exporters.types.list_field=[a, 2]", "exporters.types.bool_field=true", "exporters.types.string_field="] }),
    ).toEqual({
      int_field: 1,
      list_field: ["a", 2],
      bool_field: true,
      map_field: { a: "x", b: "y" },
    });
    expect(await exporterOf({ sets: ["exporters.types.string_field=${env:V}"], env: { V: "0123" } })).toMatchObject({
      string_field: "0123",
    });
  });

  it("points at the file that holds the mistake, and expands after merging", async () => {
    expect(await over("exporters:\n  types:\n    int_field: ${env:BAD:-x}\n    other: 1\n")).toEqual([
      "over.yaml:3:16 CFG_WRONG_TYPE",
      "over.yaml:4:5 CFG_UNKNOWN_FIELD",
    ]);
    expect(await exporterOf({ sets: ["exporters.types.int_field=x"] })).toEqual(["--set exporters.types.int_field=x:1:27 CFG_WRONG_TYPE"]);
    expect(await exporterOf({ sets: ["exporters.types.=x", "=1", "a"] })).toEqual([
      "--set exporters.types.=x:1:1 CFG_SET_SYNTAX",
      "--set =1:1:1 CFG_SET_SYNTAX",
      "--set a:1:1 CFG_SET_SYNTAX",
    ]);
  });
});
