import type { ConfigNode } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";

/** The nearest thing that was written for a path of keys. */
export interface Found {
  /** The value at the path, or `undefined` when it was not written. */
  readonly node: ConfigNode | undefined;
  /** The key of the deepest part of the path that was written. */
  readonly keySite: Site;
  /** How many keys of the path were written. */
  readonly depth: number;
  /** Whether a mistake on the way was reported before. */
  readonly broken: boolean;
}

/** Follows a path of keys and indexes down from a node whose own key is known. */
export function nodeAt(root: ConfigNode, rootKey: Site, path: readonly PropertyKey[]): Found {
  let node: ConfigNode = root;
  let keySite = rootKey;
  for (const [depth, key] of path.entries()) {
    if (node.kind === "broken") return { node: undefined, keySite, depth, broken: true };
    const entry: { keySite: Site; value: ConfigNode } | undefined = node.kind === "map" ? node.entries.get(String(key)) : undefined;
    const item: ConfigNode | undefined = node.kind === "list" ? node.items[Number(key)] : undefined;
    const next: ConfigNode | undefined = entry?.value ?? item;
    if (next === undefined)
      return { node: node.kind === "scalar" && node.value !== null ? node : undefined, keySite, depth, broken: false };
    keySite = entry?.keySite ?? next.site;
    node = next;
  }
  return { node, keySite, depth: path.length, broken: node.kind === "broken" };
}

/** The first line of a value is what one points at; a mapping or list is better found by its key. */
export function valueSite(found: Found): Site {
  return found.node !== undefined && found.node.kind === "scalar" && found.node.site.end > found.node.site.start
    ? found.node.site
    : found.keySite;
}
