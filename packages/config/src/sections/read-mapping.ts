import type { Report } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import { isNull, joinPath, type MapEntry, typeWord } from "../yaml/config-node.ts";

const NOTHING: ReadonlyMap<string, MapEntry> = new Map();

/** The entries of a section that must be a mapping; empty when it is absent, null, or reported as something else. */
export function readMapping(path: string, entry: MapEntry | undefined, content: string, report: Report): ReadonlyMap<string, MapEntry> {
  if (entry === undefined || entry.value.kind === "broken" || isNull(entry.value)) return NOTHING;
  if (entry.value.kind === "map") return entry.value.entries;
  const message = `${path}: expected type 'map', got unconvertible type '${typeWord(entry.value)}'`;
  report({ code: "CFG_WRONG_TYPE", site: entry.keySite, path, message, fix: `write ${content}` });
  return NOTHING;
}

/** Reports every key that is not in a closed list. */
export function refuseUnknown(path: string, entries: ReadonlyMap<string, MapEntry>, known: readonly string[], report: Report): void {
  for (const [key, { keySite }] of entries) {
    if (known.includes(key)) continue;
    report({
      code: "CFG_UNKNOWN_FIELD",
      site: keySite,
      path: joinPath(path, key),
      message: `${path} has no field "${key}"`,
      fix: suggestion(key, known, "Fields"),
    });
  }
}
