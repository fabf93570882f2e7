import type { core } from "zod";
import { type ConfigNode, joinPath } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";
import { type FieldMeta, metaOf } from "./wording.ts";
import { childSchema } from "./zod-def.ts";

/** A field that stands in the file and that the schema knows. */
export interface WrittenField {
  readonly meta: FieldMeta;
  /** `receivers::otlp::protocols`. */
  readonly path: string;
  readonly keySite: Site;
  readonly value: ConfigNode;
}

/** Calls `visit` for every written field of a body, outer ones first; the fields below one are left out when it gives false. */
export function visitWrittenFields(schema: core.$ZodType, node: ConfigNode, path: string, visit: (field: WrittenField) => boolean): void {
  if (node.kind === "list") {
    for (const [index, item] of node.items.entries()) {
      const child = childSchema(schema, String(index));
      if (child !== undefined) visitWrittenFields(child, item, joinPath(path, String(index)), visit);
    }
  }
  if (node.kind !== "map") return;
  for (const [key, { keySite, value }] of node.entries) {
    const child = childSchema(schema, key);
    if (child === undefined) continue;
    const at = joinPath(path, key);
    if (visit({ meta: metaOf(child), path: at, keySite, value })) visitWrittenFields(child, value, at, visit);
  }
}
