import type { core, z } from "zod";
import { type ConfigNode, defineKey, isNull, plainValue, type ScalarNode } from "../yaml/config-node.ts";
import { isDuration } from "./wording.ts";
import { open, unwrap } from "./zod-def.ts";

type Schema = z.ZodType | core.$ZodType;

/**
 * Makes the data that a schema is to check. It follows the schema along the nodes, because the schema decides what a value
 * that came from `${env:X}` is: text for a string field, the typed value for every other. An empty body (`grpc:`) is an empty
 * object where an object is wanted, and absent elsewhere.
 */
export function shapeValue(schema: Schema, node: ConfigNode): unknown {
  const { schema: inner, nullable } = unwrap(schema);
  if (isNull(node)) return shapeNull(inner, node as ScalarNode, nullable);
  const def = inner._zod.def;
  switch (def.type) {
    case "string":
    case "enum":
    case "literal":
    case "template_literal":
      return shapeText(inner, node);
    case "object":
      if (node.kind !== "map") return plainValue(node);
      return shapeEntries(node, (key) => (Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall));
    case "record":
      return node.kind === "map" ? shapeEntries(node, () => def.valueType, true) : plainValue(node);
    case "array":
      return shapeItems(node, () => def.element);
    case "tuple":
      return shapeItems(node, (index) => def.items[index] ?? def.rest ?? undefined);
    case "union":
      return shapeUnion(def.options, node);
    case "intersection":
      return shapeIntersection(def.left, def.right, node);
    default:
      return plainValue(node);
  }
}

function shapeNull(schema: core.$ZodTypes, node: ScalarNode, nullable: boolean): unknown {
  if (nullable) return null;
  switch (schema._zod.def.type) {
    case "string":
      return node.text;
    case "object":
    case "record":
      return {};
    case "null":
    case "any":
    case "unknown":
      return null;
    case "union":
      return shapeUnion(schema._zod.def.options, node);
    default:
      return undefined;
  }
}

/** Text fields take the original text of an expansion, whatever YAML made of it. */
function shapeText(schema: core.$ZodTypes, node: ConfigNode): unknown {
  // A bare 0 is a common way to switch a time limit off; of other bare numbers nobody knows the unit.
  if (node.kind === "scalar" && node.value === 0 && isDuration(schema)) return "0";
  if (node.kind === "broken" || node.text === undefined) return plainValue(node);
  const typed = node.kind === "scalar" ? node.value : undefined;
  return schema._zod.def.type !== "string" && typed !== undefined && fits(schema, typed) ? typed : node.text;
}

function shapeEntries(
  node: ConfigNode & { kind: "map" },
  schemaOf: (key: string) => core.$ZodType | undefined,
  keepNull = false,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) {
    const schema = schemaOf(key);
    const value =
      schema === undefined || open(schema)._zod.def.type === "never" ? plainValue(entry.value) : shapeValue(schema, entry.value);
    if (value !== undefined || keepNull) defineKey(out, key, value);
  }
  return out;
}

/** Where a list is wanted, the Collector splits text at commas. */
function shapeItems(node: ConfigNode, schemaOf: (index: number) => core.$ZodType | undefined): unknown {
  if (node.kind === "scalar" && typeof node.value === "string") return node.value === "" ? [] : node.value.split(",");
  if (node.kind !== "list") return plainValue(node);
  return node.items.map((item, index) => {
    const schema = schemaOf(index);
    return schema === undefined ? plainValue(item) : shapeValue(schema, item);
  });
}

/** The first alternative that the value fits; without one, the plain value, so that all alternatives can complain. */
function shapeUnion(options: readonly core.$ZodType[], node: ConfigNode): unknown {
  const values = options.map((option) => ({ option, value: shapeValue(option, node) }));
  const typedFirst = [...values].sort((a, b) => Number(isTextOf(a.value, node)) - Number(isTextOf(b.value, node)));
  const fitting = typedFirst.find(({ option, value }) => fits(open(option), value));
  if (fitting !== undefined) return fitting.value;
  const structured = values.find(
    ({ option, value }) => typeof value === "object" && value !== null && unwrap(option).schema._zod.def.type === "object",
  );
  return structured?.value ?? plainValue(node);
}

function isTextOf(value: unknown, node: ConfigNode): boolean {
  return node.kind !== "broken" && node.text !== undefined && value === node.text;
}

function shapeIntersection(left: core.$ZodType, right: core.$ZodType, node: ConfigNode): unknown {
  const [a, b] = [shapeValue(left, node), shapeValue(right, node)];
  const both = typeof a === "object" && a !== null && typeof b === "object" && b !== null && !Array.isArray(a) && !Array.isArray(b);
  return both ? { ...b, ...a } : a;
}

function fits(schema: core.$ZodTypes, value: unknown): boolean {
  return (schema as unknown as z.ZodType).safeParse(value).success;
}
