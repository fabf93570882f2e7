import { SECTION_NAMES } from "@tidemark/config";
import type { Candidate, Configured, ComponentDefinition, GraphSpec, MistakeSite, NodeChange } from "@tidemark/core";

const SECTIONS: ReadonlySet<string> = new Set([...SECTION_NAMES, "service", "pipelines", "telemetry"]);
const HIDDEN_REASON = "its configuration has changed";

/**
 * Decides which names the answer to a plan may tell. A variable of the collector can become a key or an id in a candidate
 * (`${yaml:${env:TOKEN}: 1}`), so a name is told only when the asker wrote it, or when it is one of the configuration that runs.
 */
export class ToldNames {
  readonly #written: string;
  readonly #running: ReadonlySet<string>;

  constructor({ uris, sets, texts }: Candidate, running: GraphSpec) {
    this.#written = [...uris, ...sets, ...Object.entries(texts).flat()].join("\n");
    this.#running = new Set(namesIn(running));
  }

  /** What becomes of the nodes of `next`, without names that are not to be told. */
  changes(nodes: readonly NodeChange[], next: GraphSpec): readonly NodeChange[] {
    const hidden = [...new Set(namesIn(next))].filter((name) => !this.#mayTell(name));
    if (hidden.length === 0) return nodes;
    const isSafe = (text: string): boolean => !hidden.some((name) => text.includes(name));
    return nodes.map((change) => ({
      ...change,
      node: isSafe(change.node) ? change.node : `${change.node.slice(0, change.node.indexOf("/"))}/?`,
      ...(change.reason === undefined ? {} : { reason: isSafe(change.reason) ? change.reason : HIDDEN_REASON }),
    }));
  }

  /** The place of a mistake: its path as far as it may be told, and no place inside of a variable. */
  site({ code, file, line, column, path }: MistakeSite): MistakeSite {
    const keys = path.split("::");
    // The last key of a field that is missing is the schema's own.
    const known = (key: string, index: number): boolean =>
      SECTIONS.has(key) ||
      (code === "CFG_MISSING_FIELD" && index === keys.length - 1) ||
      (/^\d{1,2}$/.test(key) && index > 0) ||
      this.#mayTell(key);
    const cut = keys.findIndex((key, index) => !known(key, index));
    const isVariable = file.startsWith("env:");
    const told = cut < 0 ? path : keys.slice(0, cut).join("::");
    return { code, file, line: isVariable ? 1 : line, column: isVariable ? 1 : column, path: told };
  }

  #mayTell(name: string): boolean {
    return this.#running.has(name) || this.#written.includes(name);
  }
}

/** Ids of components and pipelines, and the keys of all configurations. */
function* namesIn(graph: GraphSpec): Generator<string> {
  for (const { id } of graph.pipelines) yield id;
  for (const kind of SECTION_NAMES) {
    const components: readonly Configured<ComponentDefinition>[] = graph[kind];
    for (const { id, config } of components) {
      yield id;
      yield* keysIn(config);
    }
  }
}

function* keysIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return;
  for (const [key, inner] of Object.entries(value)) {
    yield key;
    yield* keysIn(inner);
  }
}
