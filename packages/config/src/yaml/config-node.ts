import type { Site } from "./source-text.ts";

/** What a YAML scalar can be after its type was resolved. */
export type ScalarValue = null | boolean | number | string;

/** A scalar. `text` is the original text when the value came whole from an expansion: string fields take it instead of the value. */
export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: ScalarValue;
  readonly text?: string;
  readonly site: Site;
  /** Where the characters of a string stand in the source one by one, so that parts of it can be pointed at. */
  readonly contentStart?: number;
}

/** One entry of a mapping, with the place of its key. */
export interface MapEntry {
  readonly keySite: Site;
  readonly value: ConfigNode;
}

/** A mapping; entries keep their order. */
export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly text?: string;
  readonly site: Site;
}

/** A list. */
export interface ListNode {
  readonly kind: "list";
  readonly items: readonly ConfigNode[];
  readonly text?: string;
  readonly site: Site;
}

/** A value whose mistake was already reported; nothing more is said about it. */
export interface BrokenNode {
  readonly kind: "broken";
  readonly site: Site;
}

/** Configuration data in which every key and value knows where it was written. */
export type ConfigNode = ScalarNode | MapNode | ListNode | BrokenNode;

/** Whether the node says nothing: `null`, or an absent body. */
export function isNull(node: ConfigNode): boolean {
  return node.kind === "scalar" && node.value === null;
}

/** The type of a node in the Collector's words, for messages. */
export function typeWord(node: ConfigNode): string {
  if (node.kind !== "scalar") return node.kind;
  if (node.value === null) return "null";
  if (typeof node.value === "number") return Number.isInteger(node.value) ? "int" : "float";
  return typeof node.value === "boolean" ? "bool" : "string";
}

/** The value without places, for fields that take anything. */
export function plainValue(node: ConfigNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plainValue);
    case "map": {
      const out: Record<string, unknown> = {};
      for (const [key, entry] of node.entries) defineKey(out, key, plainValue(entry.value));
      return out;
    }
    case "broken":
      return undefined;
  }
}

/** Sets a key that a user chose; `__proto__` becomes an ordinary key. */
export function defineKey(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A key below a path, in the Collector's notation `receivers::otlp::protocols`. */
export function joinPath(path: string, key: string): string {
  return path === "" ? key : `${path}::${key}`;
}
