/** A component as the health report and the books name it. */
export interface NodeName {
  readonly kind: string;
  readonly id: string;
  readonly pipeline?: string;
}

/** The name of a node in the health report. */
export function nodeKey({ kind, id }: NodeName): string {
  return `${kind}/${id}`;
}

/** Reads `processor/batch@traces`; the ledger as a whole is of the kind `ledger` and has no id. */
export function parseNode(node: string): NodeName {
  const [, kind = node, id = "", pipeline] = /^([a-z]+)\/([^@]+)(?:@(.+))?$/.exec(node) ?? [];
  return { kind, id, ...(pipeline === undefined ? {} : { pipeline }) };
}

/** Labels as in the collector's own metrics: `{ processor: "batch", pipeline: "traces" }`. */
export function labelsOf({ kind, id, pipeline }: NodeName): Record<string, string> {
  if (id === "") return {};
  return { [kind]: id, ...(pipeline === undefined ? {} : { pipeline }) };
}
