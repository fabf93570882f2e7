import type { ComponentDefinition } from "@tidemark/core";
import type { core } from "zod";
import { expectedWord, inlineYaml, metaOf } from "../schema/wording.ts";
import { open, unwrap } from "../schema/zod-def.ts";

interface Row {
  readonly option: string;
  readonly type: string;
  readonly standard: string;
  readonly meaning: string;
}

/** The options of a component as a Markdown table; nested fields are written with dots. */
export function optionsTable(definition: ComponentDefinition): string {
  const rows = fieldRows(definition.config, "");
  if (rows.length === 0) return "This component has no options.\n";
  const lines = rows.map(({ option, type, standard, meaning }) => `| \`${option}\` | ${cell(type)} | ${standard} | ${cell(meaning)} |`);
  return ["| option | type | default | meaning |", "| --- | --- | --- | --- |", ...lines, ""].join("\n");
}

function fieldRows(schema: core.$ZodType, prefix: string): readonly Row[] {
  const def = unwrap(schema).schema._zod.def;
  switch (def.type) {
    case "object":
      return Object.entries(def.shape).flatMap(([key, field]) => rowsOf(field, prefix === "" ? key : `${prefix}.${key}`));
    case "array":
      return fieldRows(def.element, `${prefix}[]`);
    case "record":
      return fieldRows(def.valueType, `${prefix}.*`);
    case "union":
      return uniqueRows(def.options.flatMap((option) => fieldRows(option, prefix)));
    default:
      return [];
  }
}

function rowsOf(field: core.$ZodType, option: string): readonly Row[] {
  const { description = "", noEffect } = metaOf(field);
  const standard = noEffect ? "no effect" : standardOf(field);
  return [{ option, type: typeName(field), standard, meaning: description }, ...fieldRows(field, option)];
}

/** Alternatives can share a field; its types are listed together. */
function uniqueRows(rows: readonly Row[]): readonly Row[] {
  const merged = new Map<string, Row>();
  for (const row of rows) {
    const before = merged.get(row.option);
    merged.set(
      row.option,
      before === undefined || before.type === row.type ? (before ?? row) : { ...before, type: `${before.type} | ${row.type}` },
    );
  }
  return [...merged.values()];
}

function typeName(field: core.$ZodType): string {
  const { schema } = unwrap(field);
  const def = schema._zod.def;
  switch (def.type) {
    case "enum":
      return Object.values(def.entries).map(choice).join(" | ");
    case "literal":
      return def.values.map(choice).join(" | ");
    case "array":
      return `list of ${typeName(def.element)}`;
    case "record":
      return `map of ${typeName(def.valueType)}`;
    case "union":
      return [...new Set(def.options.map(typeName))].join(" or ");
    default:
      return expectedWord(schema);
  }
}

function choice(value: unknown): string {
  return value === "" ? '`""`' : `\`${String(value)}\``;
}

function standardOf(field: core.$ZodType): string {
  let current = open(field);
  for (;;) {
    const def = current._zod.def;
    if (def.type === "default" || def.type === "prefault")
      return isEmptyObject(def.defaultValue) && unwrap(field).schema._zod.def.type === "object"
        ? "see below"
        : `\`${inlineYaml(def.defaultValue)}\``;
    if (def.type === "optional" || def.type === "nullable") return "–";
    if (def.type === "pipe") current = open(def.in);
    else if (def.type === "readonly" || def.type === "catch" || def.type === "nonoptional") current = open(def.innerType);
    else return "**required**";
  }
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function cell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").replaceAll("|", "\\|");
}
