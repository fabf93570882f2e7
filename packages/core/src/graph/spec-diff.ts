import { isDeepStrictEqual } from "node:util";
import type { ComponentDefinition, ComponentKind } from "../contract/component.ts";
import type { Configured, GraphSpec } from "./graph-spec.ts";

/** More changed fields than this are not listed one by one. */
const MOST_FIELDS = 5;
const SECTIONS = {
  receiver: "receivers",
  processor: "processors",
  connector: "connectors",
  exporter: "exporters",
  extension: "extensions",
} as const satisfies Record<ComponentKind, keyof GraphSpec>;

/** Compares the components of two specifications, so that those that are equal can go on as they are. */
export class SpecDiff {
  readonly #before: GraphSpec;
  readonly #after: GraphSpec;

  constructor(before: GraphSpec, after: GraphSpec) {
    this.#before = before;
    this.#after = after;
  }

  /** Why the component `id` cannot go on as it is; undefined when it can. */
  changeOf(kind: ComponentKind, id: string): string | undefined {
    const [before, after] = [this.#before, this.#after].map((spec) => find(spec, kind, id));
    if (before === undefined || after === undefined) return "it was not there before";
    if (before.definition !== after.definition) return "its type is defined anew";
    if (!isDeepStrictEqual(before.config, after.config)) return fieldsChanged(changedFields(before.config, after.config, ""));
    const named = after.extensions ?? this.#before.extensions.map((extension) => extension.id);
    const extension = kind === "extension" ? undefined : named.find((name) => this.changeOf("extension", name) !== undefined);
    return extension === undefined ? undefined : `extension "${extension}" has changed`;
  }

  /** Why the processors of a pipeline cannot go on as they are; undefined when they can. */
  changeOfChain(pipelineId: string): string | undefined {
    const [before, pipeline] = [this.#before, this.#after].map(({ pipelines }) => pipelines.find(({ id }) => id === pipelineId));
    if (before === undefined || pipeline === undefined || before.processors.length === 0) return "it was not there before";
    if (!isDeepStrictEqual(before.processors, pipeline.processors)) return `the processors of pipeline "${pipelineId}" are others`;
    const changed = pipeline.processors.find((id) => this.changeOf("processor", id) !== undefined);
    return changed === undefined ? undefined : `processor "${changed}" in its pipeline has changed`;
  }

  /** Whether both specifications say the same. */
  get isEqual(): boolean {
    const kinds = Object.keys(SECTIONS) as ComponentKind[];
    return (
      isDeepStrictEqual(this.#before.pipelines, this.#after.pipelines) &&
      kinds.every((kind) => {
        const [before, after] = [this.#before[SECTIONS[kind]], this.#after[SECTIONS[kind]]];
        return before.length === after.length && after.every(({ id }, i) => before[i]?.id === id && this.changeOf(kind, id) === undefined);
      })
    );
  }
}

function find(spec: GraphSpec, kind: ComponentKind, id: string): Configured<ComponentDefinition> | undefined {
  const all: readonly Configured<ComponentDefinition>[] = spec[SECTIONS[kind]];
  return all.find((component) => component.id === id);
}

/** The places where two configurations differ, as far down as both are objects. */
function changedFields(before: unknown, after: unknown, path: string): string[] {
  if (!isPlain(before) || !isPlain(after)) return isDeepStrictEqual(before, after) ? [] : [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedFields(before[key], after[key], path === "" ? key : `${path}.${key}`));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function fieldsChanged(fields: readonly string[]): string {
  const listed = fields.filter((field) => field !== "");
  if (listed.length === 0) return "its configuration has changed";
  const more = listed.length > MOST_FIELDS ? ` and ${listed.length - MOST_FIELDS} more` : "";
  return `${listed.slice(0, MOST_FIELDS).join(", ")}${more} ${listed.length === 1 ? "has" : "have"} changed`;
}
