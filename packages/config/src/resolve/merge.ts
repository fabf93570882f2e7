import type { ConfigNode, MapEntry, MapNode } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";

/** Lays one configuration over another: mappings are merged key by key, lists replaced, the last scalar (or null) wins. */
export function mergeNodes(base: ConfigNode, over: ConfigNode): ConfigNode {
  if (base.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [key, entry] of over.entries) mergeInto(entries, key, entry);
  return { kind: "map", entries, site: base.site };
}

function mergeInto(entries: Map<string, MapEntry>, key: string, entry: MapEntry): void {
  const before = entries.get(key);
  entries.set(key, before === undefined ? entry : mergeEntry(before, entry));
}

function mergeEntry(before: MapEntry, after: MapEntry): MapEntry {
  const both = before.value.kind === "map" && after.value.kind === "map";
  return { keySite: both ? before.keySite : after.keySite, value: mergeNodes(before.value, after.value) };
}

/** Writes `a::b::c: v` at the top of a source out as nested mappings. */
export function splitKeys(node: ConfigNode, spend: (characters: number) => void): ConfigNode {
  if (node.kind !== "map") return node;
  const paths = [...node.entries.keys()].filter((key) => key.includes("::"));
  if (paths.length === 0) return node;
  // Each may be laid over all the others.
  spend(paths.length * node.entries.size);
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of node.entries) {
    for (const [top, part] of nested(key.split("::"), entry.keySite, entry.value).entries) mergeInto(entries, top, part);
  }
  return { kind: "map", entries, site: node.site };
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
