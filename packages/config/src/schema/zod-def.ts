import type { core, z } from "zod";

/** A zod schema whose definition can be told apart by its type. */
export type AnySchema = core.$ZodTypes;

/** Opens a schema for inspection. */
export function open(schema: z.ZodType | core.$ZodType): AnySchema {
  return schema as unknown as AnySchema;
}

/** What a schema says about itself, through the wrappers around it. */
export interface Unwrapped {
  /** The schema that the written value must fit. */
  readonly schema: AnySchema;
  /** Whether `null` is a value of its own here. */
  readonly nullable: boolean;
}

/** Takes optional, default, transform and like wrappers off: what is left is the schema of the text in the file. */
export function unwrap(schema: z.ZodType | core.$ZodType): Unwrapped {
  let current = open(schema);
  let nullable = false;
  for (;;) {
    const def = current._zod.def;
    switch (def.type) {
      case "nullable":
        nullable = true;
        current = open(def.innerType);
        break;
      case "optional":
      case "default":
      case "prefault":
      case "nonoptional":
      case "catch":
      case "readonly":
      case "success":
      case "promise":
        current = open(def.innerType);
        break;
      case "lazy":
        current = open(def.getter());
        break;
      case "pipe":
        current = open(open(def.in)._zod.def.type === "transform" ? def.out : def.in);
        break;
      default:
        return { schema: current, nullable };
    }
  }
}

/** The schema below one key or index, or `undefined` where the schema knows none. */
export function childSchema(schema: z.ZodType | core.$ZodType, key: string): core.$ZodType | undefined {
  const { schema: inner } = unwrap(schema);
  const def = inner._zod.def;
  switch (def.type) {
    case "object":
      return Object.hasOwn(def.shape, key) ? def.shape[key] : def.catchall;
    case "array":
      return def.element;
    case "tuple":
      return def.items[Number(key)] ?? def.rest ?? undefined;
    case "record":
    case "map":
      return def.valueType;
    case "union":
      return def.options.map((option) => childSchema(option, key)).find((child) => child !== undefined);
    case "intersection":
      return childSchema(def.left, key) ?? childSchema(def.right, key);
    default:
      return undefined;
  }
}

/** The schema at a path of keys. */
export function schemaAt(schema: z.ZodType | core.$ZodType, path: readonly PropertyKey[]): core.$ZodType | undefined {
  let current: core.$ZodType | undefined = schema;
  for (const key of path) {
    if (current === undefined) return undefined;
    current = childSchema(current, String(key));
  }
  return current;
}

/** The field names of an object schema, those of all alternatives of a union, or none. */
export function fieldNames(schema: z.ZodType | core.$ZodType | undefined): readonly string[] {
  if (schema === undefined) return [];
  const def = unwrap(schema).schema._zod.def;
  switch (def.type) {
    case "object":
      return Object.keys(def.shape);
    case "union":
      return [...new Set(def.options.flatMap((option) => fieldNames(option)))];
    case "intersection":
      return [...new Set([...fieldNames(def.left), ...fieldNames(def.right)])];
    default:
      return [];
  }
}
