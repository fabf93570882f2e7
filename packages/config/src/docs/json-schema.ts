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
import { alertsSchema } from "../sections/alerts-config.ts";
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
const REFERENCE_PATTERN = "\\$\\{.*\\}";
const DURATION_PATTERN = `^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$|${REFERENCE_PATTERN}`;

/** One JSON Schema (2020-12) for whole configuration files, for editors: completion, descriptions, defaults, examples. */
export function jsonSchema(definitions: AllDefinitions): object {
  const reference = {
    description: "A value that is expanded before it is checked, such as ${env:NAME:-default}.",
    type: "string",
    pattern: REFERENCE_PATTERN,
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
  return {
    description: `The ${section}, each under its id: type or type/name.`,
    type: ["object", "null"],
    patternProperties,
    additionalProperties: false,
  };
}

/** Puts a schema and its own definitions under names that are unique in the file; gives the reference to it. */
function defineSchema(name: string, config: z.ZodType, defs: Record<string, object>): string {
  const { $schema: _, $defs = {}, ...schema } = z.toJSONSchema(config, { io: "input", unrepresentable: "any", override: takeMeta });
  defs[name] = rename(allowReferences(schema), name);
  for (const [key, inner] of Object.entries($defs)) defs[`${name}.${key}`] = rename(allowReferences(inner), name);
  return `#/$defs/${name}`;
}

interface Annotated {
  examples?: unknown[];
  deprecated?: boolean;
  noEffect?: unknown;
  notHere?: unknown;
  extension?: unknown;
}

/**
 * Examples are what one writes in YAML, also where the schema transforms it; zod takes those to be results, and leaves them out.
 * Of our own words JSON Schema knows none; `deprecated` is what editors show for a field better left out.
 */
function takeMeta({ zodSchema, jsonSchema: json }: { zodSchema: core.$ZodType; jsonSchema: Annotated }): void {
  const { examples, noEffect } = metaOf(zodSchema);
  if (examples.length > 0) json.examples = [...examples];
  if (noEffect) json.deprecated = true;
  delete json.noEffect;
  delete json.notHere;
  delete json.extension;
}

function rename(schema: unknown, name: string): object {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key !== "$ref" || typeof value !== "string" || value === `#/$defs/${REFERENCE}`) return value;
    return value === "#" ? `#/$defs/${name}` : value.replace("#/$defs/", `#/$defs/${name}.`);
  });
  return JSON.parse(text) as object;
}

function serviceSchema(defs: Record<string, object>): object {
  const ids = { type: ["array", "null"], items: { type: "string" } };
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
      alerts: { $ref: defineSchema("service.alerts", alertsSchema, defs) },
    },
    required: ["pipelines"],
    additionalProperties: false,
  };
}

/** Every value may be written as `${env:X}`, and an object may be left empty. */
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

/** Keywords of JSON Schema look at one type each: `pattern` says what text may stand for a number, and editors can still name the mistake. */
function wrap(schema: Record<string, unknown>): unknown {
  const { type, format, description, default: standard, examples, deprecated, ...rest } = schema;
  if (typeof type !== "string") return schema;
  const annotations = Object.fromEntries(
    Object.entries({ description, default: standard, examples, deprecated }).filter(([, value]) => value !== undefined),
  );
  if (format === "duration") return { ...annotations, type: ["string", "integer"], pattern: DURATION_PATTERN, minimum: 0, maximum: 0 };
  const reference = { $ref: `#/$defs/${REFERENCE}` };
  const isClosed = rest["enum"] !== undefined || rest["const"] !== undefined || rest["pattern"] !== undefined;
  if (isClosed) return { ...annotations, anyOf: [{ type, ...rest }, reference] };
  switch (type) {
    case "integer":
    case "number":
    case "boolean":
    case "array":
      return { ...annotations, ...rest, type: [type, "string"], pattern: REFERENCE_PATTERN };
    case "object":
      return {
        ...annotations,
        ...rest,
        type: ["object", ...(rest["required"] === undefined ? ["null"] : []), "string"],
        pattern: REFERENCE_PATTERN,
      };
    default:
      return schema;
  }
}
