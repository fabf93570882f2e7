import { dataSignal, type PipelineSignal } from "@tidemark/core";
import type { ParsedComponent, ParsedPipeline, SectionName, Sections } from "../sections/sections.ts";

/** Whether the component offers alerts, and so may stand under `receivers` of an `alerts` pipeline. */
export function detects(component: ParsedComponent | undefined): boolean {
  const definition = component?.definition;
  return (definition?.kind === "processor" || definition?.kind === "connector") && definition.emitsAlerts === true;
}

/** The fields of a pipeline. */
export type PipelineField = "receivers" | "processors" | "exporters";

/** The sections in which an id of a pipeline's list is looked up, first match first. */
export function sectionsOf(field: PipelineField, signal: PipelineSignal): readonly SectionName[] {
  switch (field) {
    case "receivers":
      return signal === "alerts" ? ["receivers", "connectors", "processors"] : ["receivers", "connectors"];
    case "processors":
      return ["processors"];
    case "exporters":
      return ["exporters", "connectors"];
  }
}

/** What an id in a pipeline's list means, or `undefined` when nothing of that id is configured. */
export function lookUp(
  sections: Sections,
  field: PipelineField,
  signal: PipelineSignal,
  id: string,
): { readonly section: SectionName; readonly component: ParsedComponent } | undefined {
  for (const section of sectionsOf(field, signal)) {
    const component: ParsedComponent | undefined = sections[section].get(id);
    if (component !== undefined) return { section, component };
  }
  return undefined;
}

/** The ids of a section that some pipeline, or `service::extensions`, names. */
export function usedIds(sections: Sections): Readonly<Record<SectionName, ReadonlySet<string>>> {
  const used: Record<SectionName, Set<string>> = {
    receivers: new Set(),
    processors: new Set(),
    connectors: new Set(),
    exporters: new Set(),
    extensions: new Set(),
  };
  for (const pipeline of sections.pipelines) {
    for (const field of ["receivers", "processors", "exporters"] as const) {
      for (const { id } of pipeline[field]) {
        const found = lookUp(sections, field, pipeline.signal, id);
        if (found !== undefined && !(field === "receivers" && found.section === "processors")) used[found.section].add(id);
      }
    }
  }
  for (const { id } of sections.extensionOrder) used.extensions.add(id);
  return used;
}

/** The pipelines that list an id in a field. */
export function pipelinesWith(sections: Sections, field: PipelineField, id: string): readonly ParsedPipeline[] {
  return sections.pipelines.filter((pipeline) => pipeline[field].some((reference) => reference.id === id));
}

/** Whether a connector takes one kind of data and gives another; unknown definitions take everything. */
export function connects(component: ParsedComponent, from: PipelineSignal, to: PipelineSignal): boolean {
  const definition = component.definition;
  if (definition?.kind !== "connector") return definition === undefined;
  return definition.pairs.some(([source, target]) => source === dataSignal(from) && target === dataSignal(to));
}
