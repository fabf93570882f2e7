import type { core } from "zod";
import type { Report } from "../diagnostics/diagnostic.ts";
import { type ConfigNode, joinPath } from "../yaml/config-node.ts";
import { metaOf } from "./wording.ts";
import { childSchema } from "./zod-def.ts";

/** Warns of every written field whose schema says `noEffect`. */
export function warnOfNoEffect(schema: core.$ZodType, node: ConfigNode, path: string, report: Report): void {
  if (node.kind === "list") {
    for (const [index, item] of node.items.entries()) {
      const child = childSchema(schema, String(index));
      if (child !== undefined) warnOfNoEffect(child, item, joinPath(path, String(index)), report);
    }
  }
  if (node.kind !== "map") return;
  for (const [key, { keySite, value }] of node.entries) {
    const child = childSchema(schema, key);
    if (child === undefined) continue;
    const at = joinPath(path, key);
    if (!metaOf(child).noEffect) warnOfNoEffect(child, value, at, report);
    else {
      const message = `${at} is accepted for the Collector's sake and changes nothing here`;
      report({ code: "CFG_NO_EFFECT", site: keySite, path: at, message, fix: "take it out" });
    }
  }
}
