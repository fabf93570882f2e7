import type { Report } from "../diagnostics/diagnostic.ts";
import { type ConfigNode, isNull, type MapEntry, typeWord } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";
import { parseId } from "./component-id.ts";
import type { Reference } from "./sections.ts";

/** Reads a list of component ids. As everywhere in the Collector, text with commas is a list too. */
export function readReferences(path: string, entry: MapEntry | undefined, report: Report): readonly Reference[] {
  if (entry === undefined || entry.value.kind === "broken" || isNull(entry.value)) return [];
  const { value, keySite } = entry;
  if (value.kind === "list") return value.items.flatMap((item) => readReference(path, item, report));
  if (value.kind === "scalar" && typeof value.value === "string")
    return value.value.split(",").flatMap((part) => toReference(path, part, value.site, report));
  const message = `${path}: expected type 'list', got unconvertible type '${typeWord(value)}'`;
  report({ code: "CFG_WRONG_TYPE", site: keySite, path, message, fix: "write a list of ids, such as [otlp, debug]" });
  return [];
}

function readReference(path: string, item: ConfigNode, report: Report): readonly Reference[] {
  if (item.kind === "broken") return [];
  const text = item.text ?? (item.kind === "scalar" && typeof item.value === "string" ? item.value : undefined);
  if (text !== undefined) return toReference(path, text, item.site, report);
  const message = `${path}: expected type 'string', got unconvertible type '${typeWord(item)}'`;
  report({ code: "CFG_WRONG_TYPE", site: item.site, path, message, fix: "write the id of a component, type or type/name" });
  return [];
}

function toReference(path: string, text: string, site: Site, report: Report): readonly Reference[] {
  const id = parseId(text);
  if (!("error" in id)) return [{ id: id.id, site }];
  report({ code: "CFG_INVALID_ID", site, path, message: `${path}: ${id.error}`, fix: "write the id of a component, type or type/name" });
  return [];
}
