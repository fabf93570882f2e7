import type { core } from "zod";
import type { Report } from "../diagnostics/diagnostic.ts";
import { visitWrittenFields } from "../schema/written-fields.ts";
import type { ConfigNode } from "../yaml/config-node.ts";
import { parseId } from "./component-id.ts";
import type { ExtensionReference } from "./sections.ts";

/** The fields of a body that name an extension: those whose schema says in its meta what the extension must be able to do. */
export function readExtensionReferences(
  schema: core.$ZodType,
  node: ConfigNode,
  path: string,
  report: Report,
): readonly ExtensionReference[] {
  const references: ExtensionReference[] = [];
  visitWrittenFields(schema, node, path, ({ meta, path: at, value }) => {
    if (meta.extension === undefined || value.kind !== "scalar") return true;
    const text = value.text ?? value.value;
    // Values of another type are told by the schema.
    if (typeof text !== "string" || text === "") return false;
    const id = parseId(text);
    if ("error" in id) {
      const fix = "write the id of an extension, type or type/name";
      report({ code: "CFG_INVALID_ID", site: value.site, path: at, message: `${at}: ${id.error}`, fix });
    } else references.push({ id: id.id, site: value.site, path: at, capability: meta.extension });
    return false;
  });
  return references;
}
