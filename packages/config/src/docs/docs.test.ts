import type { ComponentDefinition } from "@tidemark/core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { FAKE_REGISTRY } from "../testing/fake-registry.ts";
import { jsonSchema, loadDefinitions } from "./json-schema.ts";
import { optionsTable } from "./options-table.ts";

const DEFINITIONS = await loadDefinitions(FAKE_REGISTRY);

type Json = Readonly<Record<string, unknown>>;

function at(schema: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], schema);
}

describe("jsonSchema", () => {
  const schema = jsonSchema(DEFINITIONS);

  it("has a pattern for the ids of each type, old names marked as such", () => {
    expect(at(schema, "properties", "exporters")).toMatchObject({
      additionalProperties: false,
      patternProperties: {
        "^debug(/.*)?$": { $ref: "#/$defs/exporters.debug", description: "Prints." },
        "^otlphttp(/.*)?$": { $ref: "#/$defs/exporters.otlp_http", deprecated: true },
      },
    });
    expect(Object.keys(at(schema, "properties") as Json)).toEqual([
      "receivers",
      "processors",
      "connectors",
      "exporters",
      "extensions",
      "service",
    ]);
  });

  it("describes fields with type, default and example, and allows references in place of every value", () => {
    const fields = at(schema, "$defs", "processors.batch", "properties");
    expect(fields).toMatchObject({
      timeout: { type: ["string", "integer"], default: "200ms", examples: ["1s"], description: "Longest wait." },
      send_batch_size: {
        type: ["integer", "string"],
        minimum: 0,
        pattern: "\\$\\{.*\\}",
        default: 8192,
        description: "Items that end the wait.",
      },
    });
    expect(at(schema, "$defs", "exporters.debug", "properties", "verbosity", "anyOf", "0", "enum")).toEqual([
      "basic",
      "normal",
      "detailed",
    ]);
  });

  it("marks fields without effect, and keeps words of our own out", () => {
    expect(at(schema, "$defs", "exporters.otlp_http", "properties", "read_buffer_size")).toMatchObject({
      deprecated: true,
      examples: [524_288],
      description: "Accepted for the Collector's sake and changes nothing here: buffers have their own sizes.",
    });
    expect(at(schema, "$defs", "exporters.otlp_http", "properties", "pool", "items", "properties", "idle_timeout", "deprecated")).toBe(
      true,
    );
    expect(JSON.stringify(schema)).not.toMatch(/"noEffect"|"notHere"|"extension":/);
  });

  it("lets a body be empty only where nothing is required", () => {
    expect(at(schema, "$defs", "exporters.debug", "type")).toEqual(["object", "null", "string"]);
    expect(at(schema, "$defs", "receivers.otlp", "type")).toEqual(["object", "string"]);
  });

  it("refers only to what it defines, also for recursive components", () => {
    const tree = z.strictObject({
      name: z.string(),
      get children() {
        return z.array(tree).default([]);
      },
    });
    const definition = {
      ...DEFINITIONS.exporters[0],
      type: "tree",
      config: z.strictObject({ root: tree }),
    } as (typeof DEFINITIONS.exporters)[number];
    const whole = jsonSchema({ ...DEFINITIONS, exporters: [definition, { ...definition, type: "itself", config: tree }] });
    const references = [...JSON.stringify(whole).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((name) => at(whole, "$defs", name) === undefined)).toEqual([]);
    expect(JSON.stringify(whole)).not.toContain('"$ref":"#"');
  });
});

describe("optionsTable", () => {
  it("lists every option with type, default and meaning, nested ones with dots", () => {
    expect(optionsTable(byType("ewma_threshold"))).toBe(`| option | type | default | meaning |
| --- | --- | --- | --- |
| \`metric\` | string | **required** | Name of the metric. |
| \`factor\` | float | \`3\` | Allowed factor. |
| \`mode\` | \`ratio\` \\| \`difference\` | \`ratio\` | What is compared. |
| \`labels\` | map of string | \`{}\` | Labels of the alert. |
| \`rules\` | list of map | \`[]\` | Fixed limits. |
| \`rules[].name\` | string | **required** | Its name. |
| \`rules[].limit\` | float | **required** | Its limit. |
| \`source\` | map | – | Where values come from. |
| \`source.kind\` | \`span\` \\| \`metric\` | **required** |  |
| \`source.names\` | list of string | **required** |  |
| \`size\` | int or string | – | How much. |
| \`target\` | string or map | \`value\` | What to look at. |
| \`target.attribute\` | string | **required** |  |
| \`target.strip\` | bool | \`false\` |  |
`);
    expect(optionsTable(byType("debug"))).toContain(
      "| `sending_queue.num_consumers` | int | `10` | Batches that are sent at the same time. |",
    );
    expect(optionsTable(byType("otlp"))).toContain("| `protocols.grpc.endpoint` | string | `localhost:4317` | Address to listen on. |");
    expect(optionsTable(byType("batch"))).toContain("| `timeout` | duration | `200ms` | Longest wait. |");
    expect(optionsTable(byType("otlp_http"))).toContain(
      "| `read_buffer_size` | int | no effect | Accepted for the Collector's sake and changes nothing here: buffers have their own sizes. |",
    );
    expect(optionsTable(byType("ticks"))).toBe("This component has no options.\n");
  });
});

function byType(type: string): ComponentDefinition {
  const found = [...DEFINITIONS.receivers, ...DEFINITIONS.processors, ...DEFINITIONS.exporters].find(
    (definition) => definition.type === type,
  );
  if (found === undefined) throw new Error(type);
  return found;
}
