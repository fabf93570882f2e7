import type {
  ComponentDefinition,
  ConnectorDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
  Registry,
  RegistryEntry,
} from "@tidemark/core";
import { type core, z } from "zod";
import { metaOf } from "../schema/wording.ts";
import { SECTION_NAMES } from "../sections/sections.ts";
import { telemetrySchema } from "../telemetry/telemetry-config.ts";

/** Every definition that a collector knows, loaded. */
export interface AllDefinitions {
  readonly receivers: readonly ReceiverDefinition[];
  readonly processors: readonly ProcessorDefinition[];
  readonly connectors: readonly ConnectorDefinition[];
  readonly exporters: readonly ExporterDefinition[];
  readonly extensions: readonly ExtensionDefinition[];
}

/** Loads all definitions of a registry. */
export async function loadDefinitions(registry: Registry): Promise<AllDefinitions> {
  const load = async <D>(entries: readonly RegistryEntry<D>[]): Promise<readonly D[]> =>
    Promise.all(entries.map(async (entry) => entry.load()));
  return {
    receivers: await load(registry.receivers),
    processors: await load(registry.processors),
    connectors: await load(registry.connectors),
    exporters: await load(registry.exporters),
    extensions: await load(registry.extensions),
  };
}

const ID_NAME = "(/.*)?$";
const REFERENCE = "reference";

/** One JSON Schema (2020-12) for whole configuration files, for editors: completion, descriptions, defaults, examples. */
export function jsonSchema(definitions: AllDefinitions): object {
  const reference = {
    description: "A value that is expanded before it is checked, such as ${env:NAME:-default}.",
    type: "string",
    pattern: "\\$\\{.*\\}",
  };
  const defs: Record<string, object> = { [REFERENCE]: reference };
  const sections = SECTION_NAMES.map((section) => [section, sectionSchema(section, definitions[section], defs)]);
  const service = serviceSchema(defs);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Tidemark configuration",
    type: "object",
    properties: { ...Object.fromEntries(sections), service },
    additionalProperties: false,
    $defs: defs,
  };
}

function sectionSchema(section: string, definitions: readonly ComponentDefinition[], defs: Record<string, object>): object {
  const patternProperties: Record<string, object> = {};
  for (const definition of definitions) {
    const $ref = defineSchema(`${section}.${definition.type}`, definition.config, defs);
    patternProperties[`^${definition.type}${ID_NAME}`] = { $ref, description: definition.summary };
    for (const alias of definition.aliases ?? []) {
      patternProperties[`^${alias}${ID_NAME}`] = {
        $ref,
        description: `Old name of ${definition.type}. ${definition.summary}`,
        deprecated: true,
      };
    }
  }
  const schema = { type: "object", patternProperties, additionalProperties: false };
  return { description: `The ${section}, each under its id: type or type/name.`, anyOf: [schema, { type: "null" }] };
}

/** Puts a schema and its own definitions under names that are unique in the file; gives the reference to it. */
function defineSchema(name: string, config: z.ZodType, defs: Record<string, object>): string {
  const { $schema: _, $defs = {}, ...schema } = z.toJSONSchema(config, { io: "input", unrepresentable: "any", override: keepExamples });
  defs[name] = rename(allowReferences(schema), name);
  for (const [key, inner] of Object.entries($defs)) defs[`${name}.${key}`] = rename(allowReferences(inner), name);
  return `#/$defs/${name}`;
}

/** Examples are what one writes in YAML, also where the schema transforms it; zod takes those to be results, and leaves them out. */
function keepExamples({ zodSchema, jsonSchema: json }: { zodSchema: core.$ZodType; jsonSchema: { examples?: unknown[] } }): void {
  const { examples } = metaOf(zodSchema);
  if (examples.length > 0) json.examples = [...examples];
}

function rename(schema: unknown, name: string): object {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key !== "$ref" || typeof value !== "string" || value === `#/$defs/${REFERENCE}`) return value;
    return value === "#" ? `#/$defs/${name}` : value.replace("#/$defs/", `#/$defs/${name}.`);
  });
  return JSON.parse(text) as object;
}

function serviceSchema(defs: Record<string, object>): object {
  const ids = { anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }] };
  const pipeline = {
    type: "object",
    properties: { receivers: ids, processors: ids, exporters: ids },
    required: ["receivers", "exporters"],
    additionalProperties: false,
  };
  return {
    type: "object",
    properties: {
      extensions: { ...ids, description: "Extensions to start, in this order." },
      pipelines: {
        type: "object",
        description: "The pipelines, each under signal or signal/name.",
        patternProperties: { [`^(traces|metrics|logs|alerts)${ID_NAME}`]: pipeline },
        additionalProperties: false,
      },
      telemetry: { $ref: defineSchema("service.telemetry", telemetrySchema, defs) },
    },
    required: ["pipelines"],
    additionalProperties: false,
  };
}

/** Numbers, switches and the like may be written as `${env:X}`, and an object may be left empty. */
function allowReferences(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(allowReferences);
  if (typeof schema !== "object" || schema === null) return schema;
  const own = schema as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(own))
    out[key] = CHILDREN.has(key) ? allowMap(value) : NESTED.has(key) ? allowReferences(value) : value;
  return wrap(out);
}

const CHILDREN: ReadonlySet<string> = new Set(["properties", "patternProperties"]);
const NESTED: ReadonlySet<string> = new Set(["items", "prefixItems", "additionalProperties", "anyOf", "oneOf", "allOf"]);

function allowMap(map: unknown): unknown {
  return Object.fromEntries(Object.entries(map as Record<string, unknown>).map(([key, value]) => [key, allowReferences(value)]));
}

function wrap(schema: Record<string, unknown>): unknown {
  const { description, default: standard, examples, ...rest } = schema;
  const annotations = Object.fromEntries(
    Object.entries({ description, default: standard, examples }).filter(([, value]) => value !== undefined),
  );
  const reference = { $ref: `#/$defs/${REFERENCE}` };
  switch (rest["type"]) {
    case "integer":
    case "number":
    case "boolean":
    case "array":
      return { ...annotations, anyOf: [rest, reference] };
    case "object":
      return { ...annotations, anyOf: [rest, { type: "null" }, reference] };
    case "string":
      return rest["enum"] === undefined && rest["const"] === undefined ? schema : { ...annotations, anyOf: [rest, reference] };
    default:
      return schema;
  }
}
