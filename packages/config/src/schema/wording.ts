import type { CapabilityName } from "@tidemark/core";
import { type core, globalRegistry, type z } from "zod";
import type { ConfigNode } from "../yaml/config-node.ts";
import { resolvePlain } from "../yaml/resolve-scalar.ts";
import { open, unwrap } from "./zod-def.ts";

type Schema = z.ZodType | core.$ZodType;

/** What the author of a field said about it. */
export interface FieldMeta {
  readonly description?: string;
  readonly examples: readonly unknown[];
  /** The field is accepted and changes nothing. */
  readonly noEffect: boolean;
  /** Fields that one could expect in this mapping, and what to do without them. */
  readonly notHere: Readonly<Record<string, unknown>>;
  /** The value is the id of an extension that can do this. */
  readonly extension?: CapabilityName;
}

/** The meta of a schema, looked for through its wrappers: the outermost word counts. */
export function metaOf(schema: Schema | undefined): FieldMeta {
  const metas = metasOf(schema);
  const description = metas.map((meta) => meta["description"]).find((value) => typeof value === "string");
  const examples = metas.map((meta) => meta["examples"]).find((value): value is unknown[] => Array.isArray(value) && value.length > 0);
  const extension = metas.map((meta) => meta["extension"]).find((value) => typeof value === "string");
  return {
    ...(description === undefined ? {} : { description }),
    ...(extension === undefined ? {} : { extension: extension as CapabilityName }),
    examples: examples ?? [],
    noEffect: metas.some((meta) => meta["noEffect"] === true),
    notHere: Object.assign({}, ...metas.map((meta) => meta["notHere"]).toReversed()) as FieldMeta["notHere"],
  };
}

/** The metas of a schema and of what it wraps, from the outside in. */
function metasOf(schema: Schema | undefined): readonly Readonly<Record<string, unknown>>[] {
  const metas: Record<string, unknown>[] = [];
  let current: core.$ZodType | undefined = schema;
  while (current !== undefined) {
    metas.push(globalRegistry.get(current) ?? {});
    const def: core.$ZodTypes["_zod"]["def"] = open(current)._zod.def;
    current =
      "innerType" in def
        ? def.innerType
        : def.type === "pipe"
          ? open(def.in)._zod.def.type === "transform"
            ? def.out
            : def.in
          : undefined;
  }
  return metas;
}

/** An example value in one line of YAML, or `…` where there is none. */
export function exampleOf(schema: Schema | undefined): string {
  const example = metaOf(schema).examples[0] ?? firstChoice(schema);
  return example === undefined ? "…" : inlineYaml(example);
}

function firstChoice(schema: Schema | undefined): unknown {
  const def = schema === undefined ? undefined : unwrap(schema).schema._zod.def;
  if (def?.type === "enum") return Object.values(def.entries)[0];
  return def?.type === "literal" ? def.values[0] : undefined;
}

/** A value in one line of YAML flow style. */
export function inlineYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inlineYaml).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${key}: ${inlineYaml(inner)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  if (typeof value === "string") return isPlainText(value) ? value : JSON.stringify(value);
  return String(value);
}

function isPlainText(text: string): boolean {
  return /^[\w./][\w./-]*(?::[\w./][\w./-]*)*$/.test(text) && typeof resolvePlain(text) === "string";
}

/** What the Collector calls the types. Those that are not in the list keep zod's name. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "string",
  enum: "string",
  template_literal: "string",
  bigint: "int",
  boolean: "bool",
  array: "list",
  tuple: "list",
  set: "list",
  object: "map",
  record: "map",
  map: "map",
};

/** The type that a schema wants, in the Collector's words. */
export function expectedWord(schema: Schema | undefined): string {
  if (schema === undefined) return "map";
  const def = unwrap(schema).schema._zod.def;
  switch (def.type) {
    case "string":
      return isDuration(schema) ? "duration" : "string";
    case "number":
      return isInteger(schema) ? "int" : "float";
    case "literal":
      return def.values.some((value) => typeof value === "string") ? "string" : def.values.map(String).join(" or ");
    case "union":
      return [...new Set(def.options.map(expectedWord))].join("' or '");
    default:
      return TYPE_WORDS[def.type] ?? def.type;
  }
}

/** Whether the schema is a `durationField()`. */
export function isDuration(schema: Schema): boolean {
  return globalRegistry.get(unwrap(schema).schema)?.["format"] === "duration";
}

function isInteger(schema: Schema): boolean {
  const { def, bag } = unwrap(schema).schema._zod;
  const format: unknown = "format" in def ? def.format : bag["format"];
  return typeof format === "string" && format.includes("int");
}

/** One way to make a value of the wanted type. */
export function fixFor(schema: Schema | undefined, expected: string, node: ConfigNode | undefined): string {
  const example = exampleOf(schema);
  const suffix = example === "…" ? "" : `, such as ${example}`;
  switch (expected) {
    case "string":
      return node?.kind === "scalar"
        ? `put the value in quotes: ${JSON.stringify(String(node.text ?? node.value))}`
        : `write one text${suffix}`;
    case "duration":
      return `write a number and a unit${suffix === "" ? ", such as 5s" : suffix}`;
    case "bool":
      return "write true or false, without quotes";
    case "int":
      return `write a whole number without quotes${suffix}`;
    case "float":
      return `write a number without quotes${suffix}`;
    case "list":
      return `write a list${suffix === "" ? ", such as [a, b]" : suffix}`;
    case "map":
      return `write a mapping of fields${suffix}`;
    default:
      return `write one of '${expected}'${suffix}`;
  }
}
