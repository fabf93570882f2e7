import type { ConfigNode, MapEntry, MapNode } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";

/** Lays one configuration over another: mappings are merged key by key, lists replaced, the last scalar (or null) wins. */
export function mergeNodes(base: ConfigNode, over: ConfigNode): ConfigNode {
  if (base.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    entries.set(key, before === undefined ? entry : mergeEntry(before, entry));
  }
  return { kind: "map", entries, site: base.site };
}

function mergeEntry(before: MapEntry, after: MapEntry): MapEntry {
  const both = before.value.kind === "map" && after.value.kind === "map";
  return { keySite: both ? before.keySite : after.keySite, value: mergeNodes(before.value, after.value) };
}

/** Writes `a::b::c: v` at the top of a source out as nested mappings. */
export function splitKeys(node: ConfigNode): ConfigNode {
  if (node.kind !== "map" || ![...node.entries.keys()].some((key) => key.includes("::"))) return node;
  let result: ConfigNode = { kind: "map", entries: new Map(), site: node.site };
  for (const [key, entry] of node.entries) result = mergeNodes(result, nested(key.split("::"), entry.keySite, entry.value));
  return result;
}

/** Nested one-entry mappings; each key points at its own part of the written key. */
export function nested(keys: readonly string[], site: Site, value: ConfigNode): MapNode {
  const [key = "", ...rest] = keys;
  const found = site.source.text.slice(site.start, site.end).indexOf(key);
  const start = found < 0 ? site.start : site.start + found;
  const end = found < 0 ? site.end : start + key.length;
  const inner = rest.length === 0 ? value : nested(rest, { ...site, start: end }, value);
  return { kind: "map", entries: new Map([[key, { keySite: { ...site, start, end }, value: inner }]]), site };
}
