import type { core } from "zod";
import type { Report } from "../diagnostics/diagnostic.ts";
import type { ConfigNode } from "../yaml/config-node.ts";
import { visitWrittenFields } from "./written-fields.ts";

/** Warns of every written field whose schema says `noEffect`. */
export function warnOfNoEffect(schema: core.$ZodType, node: ConfigNode, path: string, report: Report): void {
  visitWrittenFields(schema, node, path, ({ meta, keySite, path: at }) => {
    if (!meta.noEffect) return true;
    const message = `${at} is accepted for the Collector's sake and changes nothing here`;
    report({ code: "CFG_NO_EFFECT", site: keySite, path: at, message, fix: "take it out" });
    return false;
  });
}
